import Base
import Gzip
import Ingestion
import Storage
import Transfer

/// Where a download's bytes go: judged by its core, stored in a file, and verified behind the writer.
///
/// Belongs to the thread of the run; only the check reads the file on another one.
final class DownloadSink: Transfer.Receiver {
    /// Why no more bytes are taken.
    struct Problem {
        var reason: String
        /// Whether what was stored is of no use, or may not stay.
        var discards: Bool
    }

    let check: DownloadCheck
    private let growing: GrowingFile
    private var download: Download
    private var offset: Int64
    private var sizeBytes: Int64?
    private var toldBytes: Int64 = 0
    private(set) var problem: Problem?
    private let onBegin: (RemoteVersion) throws(StorageError) -> Void
    private let onProgress: (Int64, Int64?) -> Void
    private let isCancelledNow: () -> Bool

    /// Bytes between two words of progress.
    private static let progressStepBytes: Int64 = 1 << 20

    init(
        _ download: Download,
        into file: File,
        beginning partial: PartialFile?,
        cut: SplitIndex.Cut?,
        onBegin: @escaping (RemoteVersion) throws(StorageError) -> Void,
        onProgress: @escaping (Int64, Int64?) -> Void,
        isCancelled: @escaping () -> Bool
    ) {
        self.download = download
        self.onBegin = onBegin
        self.onProgress = onProgress
        isCancelledNow = isCancelled
        offset = partial?.sizeBytes ?? 0
        growing = GrowingFile(file, sizeBytes: offset)
        check = DownloadCheck(growing, cut: cut)
        check.start()
    }

    var requests: Int { download.requests }

    // MARK: Of the run

    func begin(with partial: PartialFile?) -> DownloadCommand {
        download.begin(with: partial)
    }

    func transferred(_ end: TransferEnd) -> DownloadCommand { download.transferred(end) }

    func waited() -> DownloadCommand { download.waited() }

    /// Ends a download that will not be whole.
    func close() { _ = check.finish() }

    // MARK: Of the transfer

    var isCancelled: Bool {
        guard problem == nil, isCancelledNow() else { return problem != nil }
        problem = Problem(reason: "cancelled", discards: false)
        return true
    }

    func begin(_ head: ResponseHead) -> BodyHandling {
        let handling = download.responded(head)
        guard case .store(let start) = handling else { return handling }
        if start == 0, offset > 0 { growing.restart() }
        offset = start
        var version = head.version
        version.sizeBytes = head.contentRange?.totalSizeBytes ?? head.contentLength
        sizeBytes = version.sizeBytes
        store { () throws(StorageError) in
            // Before the first byte: the beginning of another version must not be gone on with.
            if start == 0 {
                try growing.file.truncate(to: 0)
                try onBegin(version)
            }
        }
        return problem == nil ? handling : .ignore
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let found = check.problem {
            problem = Problem(reason: found.description, discards: true)
            return false
        }
        guard download.received(bytes.count) else { return false }
        store { () throws(StorageError) in try growing.file.write(bytes, at: offset) }
        guard problem == nil else { return false }
        offset += Int64(bytes.count)
        growing.grow(to: offset)
        if offset - toldBytes >= Self.progressStepBytes || toldBytes > offset {
            toldBytes = offset
            onProgress(offset, sizeBytes)
        }
        return true
    }

    private func store(_ body: () throws(StorageError) -> Void) {
        do throws(StorageError) {
            try body()
        } catch {
            problem = Problem(reason: "\(error)", discards: error.isDiskFull)
        }
    }
}
