import API
import Base
import Catalog
import Gzip
import Jobs
import Spool
import Storage

/// What a table was loaded from, as the version that shows it keeps it.
///
/// The catalog is where it belongs: what was published decides what is new, whatever jobs say that
/// began and did not end.
struct LoadedInput: Codable, Sendable, Equatable {
    struct File: Codable, Sendable, Equatable {
        var path: String
        var sizeBytes: Int64
        var modifiedNanoseconds: Int64
        var inode: UInt64
        var device: UInt64
        /// Of all of the file's bytes; nil where nobody read them all.
        var crc32: UInt32?

        init(_ file: SpoolHeader.InputFile, crc32: UInt32?) {
            path = file.path
            sizeBytes = file.sizeBytes
            modifiedNanoseconds = file.modifiedNanoseconds
            inode = file.inode
            device = file.device
            self.crc32 = crc32
        }
    }

    /// SHA-256 of the job file, in hexadecimal: another declaration makes another table.
    var jobFile: String
    /// In the order in which they were read.
    var files: [File]

    static func jobFile(of job: JobDeclaration) -> String {
        hexadecimal(Digest.sha256(Array(job.text.utf8)))
    }

    /// Whether these paths hold what the table was loaded from.
    ///
    /// Size, time, inode and device tell at once. Of a file that was only touched or copied the bytes
    /// tell, by their CRC-32: the load took it down on the way.
    func isSame(as paths: [String]) throws(StorageError) -> Bool {
        guard files.count == paths.count else { return false }
        for (file, path) in zip(files, paths) {
            let found = File(try InputFiles.identify(path), crc32: file.crc32)
            if found == file { continue }
            guard found.sizeBytes == file.sizeBytes, let wanted = file.crc32,
                try Self.crc32(of: path) == wanted
            else { return false }
        }
        return true
    }

    private static func crc32(of path: String) throws(StorageError) -> UInt32 {
        var checksum: UInt32 = 0
        try Storage.File.open(readingFrom: path).readAll {
            checksum = Gzip.crc32($0, continuing: checksum)
        }
        return checksum
    }
}

extension LoadedInput {
    /// What the newest version of a job's table was loaded from; nil where that is not known.
    static func last(
        of job: JobDeclaration,
        in catalog: Catalog
    ) throws(CatalogError) -> LoadedInput? {
        let table = try catalog.table(TableName(schema: job.schema, table: job.table))
        guard let text = table?.extraInfo,
            let info = try? JSON.decode(ReleaseInfo.self, from: Array(text.utf8)),
            info.step.table == job.table, let input = info.input,
            input.jobFile == jobFile(of: job)
        else { return nil }
        return input
    }
}
