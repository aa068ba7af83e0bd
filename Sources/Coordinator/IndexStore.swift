import Base
import Dispatch
import Glibc
package import Gzip
import Spool
package import Storage

/// The split indexes that passes over input files have left, one file each.
///
/// Any thread may call. Writing happens on a queue of its own, off every job's way: an index that
/// could not be written is only missing. Nothing here is needed for correctness, so all failures are
/// logged and none is an error of a job.
package final class IndexStore: Sendable {
    /// Indexes kept, the last used ones.
    ///
    /// A pass over a table's file leaves one; the limits keep a coordinator that reads new files
    /// every day from filling its disk with what it will not use again. Guesses.
    static let filesLimit = 4096
    static let sizeLimitBytes: Int64 = 1 << 30

    static let suffix = ".split"
    static let temporarySuffix = ".tmp"

    private let directory: String
    private let queue = DispatchQueue(label: "indexes", qos: .utility)

    init(directory: String) { self.directory = directory }

    static func directory(state: String) -> String { state + "/indexes" }

    /// The file of an index: a name for each file and way of cutting it.
    ///
    /// A file that is replaced in place gets an index of the same name, which then replaces the old.
    func path(of source: SplitIndex.Source, _ cut: SplitIndex.Cut) -> String {
        let file = "\(String(source.device, radix: 16))-\(String(source.inode, radix: 16))"
        let kind = cut.hasHeader ? "header" : "plain"
        return "\(directory)/\(file)-\(cut.chunkSizeBytes)-\(kind)\(Self.suffix)"
    }

    /// The index of a file as it is now, nil where there is none that fits and is whole.
    func find(_ source: SplitIndex.Source, _ cut: SplitIndex.Cut) -> SplitIndex? {
        let path = path(of: source, cut)
        guard Directory.exists(path: path) else { return nil }
        switch Self.read(path, source, cut) {
        case .success(let index):
            Self.markUsed(path)
            return index
        case .failure(let problem):
            CoordinatorLog.write("the split index \(path) is not used: \(problem)")
            removeQuietly(path)
            return nil
        }
    }

    /// Why an index file is not used.
    package enum Problem: Error, CustomStringConvertible {
        case storage(StorageError)
        case index(SplitIndexError)

        package var description: String {
            switch self {
            case .storage(let error): "\(error)"
            case .index(let error): "\(error)"
            }
        }
    }

    /// Reads an index and checks that it is whole, and that it is of this file and cut.
    static func read(
        _ path: String,
        _ source: SplitIndex.Source,
        _ cut: SplitIndex.Cut
    ) -> Result<SplitIndex, Problem> {
        let bytes: [UInt8]
        do throws(StorageError) {
            let file = try File.open(readingFrom: path)
            let size = try file.identity().sizeBytes
            guard size <= SplitIndex.maximumSizeBytes else { return .failure(.index(.damaged)) }
            bytes = try file.read(Int(size), at: 0)
        } catch {
            return .failure(.storage(error))
        }
        let decoded = bytes.withUnsafeBytes { bytes in
            Result { () throws(SplitIndexError) in try SplitIndex(decoding: bytes) }
        }
        return decoded.mapError(Problem.index).flatMap { index in
            guard index.source == source else { return .failure(.index(.otherSource)) }
            guard index.cut == cut else { return .failure(.index(.otherCut)) }
            return .success(index)
        }
    }

    /// Writes an index durably, later; calls `completion` on the store's queue when that is done.
    func save(
        _ index: SplitIndex,
        completion: @escaping @Sendable (Result<Int, StorageError>) -> Void
    ) {
        queue.async { [self] in
            completion(Result { () throws(StorageError) in try store(index) })
        }
    }

    /// Writes an index durably and makes room for it; returns its size.
    @discardableResult
    func store(_ index: SplitIndex) throws(StorageError) -> Int {
        defer { sweep() }
        let bytes = index.encoded
        let path = path(of: index.source, index.cut)
        try Directory.create(path: directory)
        // A coordinator and `otjob index` may be at the same file.
        let temporary = "\(path).\(getpid())\(Self.temporarySuffix)"
        try File.replace(path: path, with: bytes, through: temporary)
        return bytes.count
    }

    /// Removes an index that does not fit its file.
    func remove(_ source: SplitIndex.Source, _ cut: SplitIndex.Cut) {
        let path = path(of: source, cut)
        guard Directory.exists(path: path) else { return }
        CoordinatorLog.write("removes the split index \(path): it does not fit its file")
        removeQuietly(path)
    }

    /// Ends when everything that was to be written is.
    func drain() { queue.sync {} }

    /// Removes the indexes that were not used for the longest time, where there are too many.
    func sweep(filesLimit: Int = filesLimit, sizeLimitBytes: Int64 = sizeLimitBytes) {
        guard let names = try? Directory.list(path: directory) else { return }
        var files: [(path: String, identity: FileIdentity)] = []
        for name in names where name.hasSuffix(Self.suffix) {
            let path = "\(directory)/\(name)"
            guard let identity = try? File.open(readingFrom: path).identity() else { continue }
            files.append((path, identity))
        }
        files.sort { $0.identity.modifiedNanoseconds > $1.identity.modifiedNanoseconds }
        var sizeBytes: Int64 = 0
        for (number, file) in files.enumerated() {
            sizeBytes += file.identity.sizeBytes
            if number >= filesLimit || sizeBytes > sizeLimitBytes { removeQuietly(file.path) }
        }
    }

    /// Removes what crashed processes left half written; only before anybody writes.
    func sweepTemporaryFiles() {
        guard let names = try? Directory.list(path: directory) else { return }
        for name in names where name.hasSuffix(Self.temporarySuffix) {
            removeQuietly("\(directory)/\(name)")
        }
    }

    /// The time of the last change tells which indexes are used.
    private static func markUsed(_ path: String) {
        if utimensat(AT_FDCWD, path, nil, 0) != 0 {
            CoordinatorLog.write("the split index \(path) may be swept early: errno \(errno)")
        }
    }
}

extension SplitIndex.Source {
    init(_ file: SpoolHeader.InputFile) {
        self.init(
            sizeBytes: file.sizeBytes,
            modifiedNanoseconds: file.modifiedNanoseconds,
            inode: file.inode,
            device: file.device
        )
    }
}
