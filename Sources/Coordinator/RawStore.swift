import API
import Base
import Glibc
import Ingestion
import Jobs
import Storage

/// What is known of a file of the raw store that was ingested.
struct RawRecord: Codable, Sendable, Equatable {
    var dataset: String
    /// Where it came from, as ``SourceDeclaration/Location`` writes it.
    var source: String
    var fileName: String
    var version: RemoteVersion
    var md5: String
    var sha256: String
    /// When it became current, RFC 3339.
    var ingested: String
    /// What the file was then; one that was changed since is not the one that is known.
    var identity: FileIdentity
    /// What the file of a `file:` source was; nil for others.
    var origin: FileIdentity?
}

/// The files that jobs read, one current one a dataset, and the archive of those before.
///
/// | path | what |
/// |---|---|
/// | `RAW/<file>` | the current file of a dataset |
/// | `RAW/.ingest/<dataset>.json` | its ``RawRecord`` |
/// | `RAW/.ingest/<dataset>.part`, `.part.json` | a download that is under way, and of which version |
/// | `ARCHIVE/<dataset>/<time>-<file>` | earlier ones, the time when each became current |
///
/// A file becomes current by one rename, when it is whole, verified and synced. All calls block; of
/// one dataset one thread at a time.
struct RawStore: Sendable {
    /// How much of the archive is kept.
    struct ArchiveLimits: Sendable {
        var versions: Int
        var age: Duration
    }

    let directory: String
    let archiveDirectory: String
    let archiveLimits: ArchiveLimits

    private var workDirectory: String { directory + "/.ingest" }

    func path(of source: SourceDeclaration) -> String { "\(directory)/\(source.fileName)" }
    func partPath(of source: SourceDeclaration) -> String {
        "\(workDirectory)/\(source.dataset).part"
    }

    private func recordPath(of source: SourceDeclaration) -> String {
        "\(workDirectory)/\(source.dataset).json"
    }

    func prepare() throws(StorageError) { try Directory.create(path: workDirectory) }

    // MARK: The current file

    /// What is known of the current file; nil where there is none.
    ///
    /// Of a file that somebody put there, or that a crash left before its record, the hash is taken
    /// now: it tells whether what comes is another one.
    func current(_ source: SourceDeclaration) throws(StorageError) -> RawRecord? {
        let path = path(of: source)
        guard Directory.exists(path: path) else { return nil }
        let file = try File.open(readingFrom: path)
        let identity = try file.identity()
        if let record: RawRecord = read(recordPath(of: source)), record.identity == identity,
            record.fileName == source.fileName
        {
            return record
        }
        let (md5, sha256) = try hashes(of: file)
        return RawRecord(
            dataset: source.dataset,
            source: "",
            fileName: source.fileName,
            version: RemoteVersion(),
            md5: md5,
            sha256: sha256,
            ingested: WallTime(microseconds: identity.modifiedNanoseconds / 1000).rfc3339,
            identity: identity
        )
    }

    private func hashes(of file: File) throws(StorageError) -> (md5: String, sha256: String) {
        let (md5, sha256) = (Digest(.md5), Digest(.sha256))
        try file.readAll { bytes in
            md5.update(bytes)
            sha256.update(bytes)
        }
        return (hexadecimal(md5.finish()), hexadecimal(sha256.finish()))
    }

    /// Writes what is known of the current file.
    func save(_ record: RawRecord, of source: SourceDeclaration) throws(StorageError) {
        try write(record, to: recordPath(of: source))
    }

    /// Makes the whole download the current file, and archives the one before.
    ///
    /// The record is written first: it counts only for the file that it describes.
    func install(
        _ record: RawRecord,
        of source: SourceDeclaration,
        replacing current: RawRecord?
    ) throws(StorageError) {
        let path = path(of: source)
        if let current { try archive(path, current, of: source) }
        try save(record, of: source)
        try Directory.rename(from: partPath(of: source), to: path)
        try Directory.synchronize(path: directory)
        discardPartial(of: source)
    }

    // MARK: The download under way

    /// What an earlier try has stored, of the same source.
    func partial(of source: SourceDeclaration) -> PartialFile? {
        guard let record: PartialRecord = read(partPath(of: source) + ".json"),
            record.source == "\(source.location)",
            let file = try? File.open(readingFrom: partPath(of: source)),
            let sizeBytes = try? file.identity().sizeBytes
        else { return nil }
        return PartialFile(version: record.version, sizeBytes: sizeBytes)
    }

    private struct PartialRecord: Codable {
        var source: String
        var version: RemoteVersion
    }

    /// Notes of which version the bytes are that follow; before the first of them.
    func begin(_ version: RemoteVersion, of source: SourceDeclaration) throws(StorageError) {
        let record = PartialRecord(source: "\(source.location)", version: version)
        try write(record, to: partPath(of: source) + ".json")
    }

    /// Removes what was stored of a download.
    func discardPartial(of source: SourceDeclaration) {
        for path in [partPath(of: source), partPath(of: source) + ".json"]
        where Directory.exists(path: path) {
            removeQuietly(path)
        }
    }

    // MARK: The archive

    /// Gives the current file a name in the archive, too; it is there whole or not at all.
    private func archive(
        _ path: String,
        _ current: RawRecord,
        of source: SourceDeclaration
    ) throws(StorageError) {
        guard archiveLimits.versions > 0 else { return }
        let folder = "\(archiveDirectory)/\(source.dataset)"
        try Directory.create(path: folder)
        // Sorted by name they are sorted by time; `:` is no character for file names elsewhere.
        let time = current.ingested.replacing(":", with: "-")
        let target = "\(folder)/\(time)-\(current.fileName)"
        // A crash may have come between this and the rename.
        guard !Directory.exists(path: target) else { return }
        if link(path, target) != 0 {
            // Another file system.
            let temporary = "\(folder)/.archiving"
            let original = try File.open(readingFrom: path)
            let copy = try File.create(path: temporary, exclusive: false)
            try copy.copy(from: original, at: 0, count: current.identity.sizeBytes, to: 0)
            try copy.synchronize()
            try Directory.rename(from: temporary, to: target)
        }
        try Directory.synchronize(path: folder)
    }

    /// Removes files of the archive beyond what is kept, the oldest first.
    func pruneArchive(of source: SourceDeclaration, now: WallTime) throws(StorageError) {
        let folder = "\(archiveDirectory)/\(source.dataset)"
        guard Directory.exists(path: folder) else { return }
        let names = try Directory.list(path: folder).filter { !$0.hasPrefix(".") }
        let oldest = (now - archiveLimits.age).rfc3339.replacing(":", with: "-")
        for (index, name) in names.reversed().enumerated()
        where index >= archiveLimits.versions || name < oldest {
            try Directory.remove(path: "\(folder)/\(name)")
        }
    }

    // MARK: Records

    /// A record that is damaged is like none.
    private func read<Record: Decodable>(_ path: String) -> Record? {
        guard Directory.exists(path: path), let file = try? File.open(readingFrom: path),
            let bytes = try? file.read(64 << 10, at: 0)
        else { return nil }
        return try? JSON.decode(Record.self, from: bytes)
    }

    private func write(_ record: some Encodable, to path: String) throws(StorageError) {
        try File.replace(path: path, with: JSON.encode(record), through: path + ".tmp")
    }
}
