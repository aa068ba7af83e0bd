import Base
import Dispatch
import Gzip
import Ingestion
import Jobs
import Storage
import Synchronization
import Transfer
import Transport

/// What one ingest has to know.
struct IngestPlan: Sendable {
    var source: SourceDeclaration
    var policy: DownloadPolicy
    /// How the job that reads the file cuts it; nil where none does.
    var cut: SplitIndex.Cut?
}

/// How one attempt to ingest a file ended: what `ott.ingestion_log` says of it.
struct IngestOutcome: Sendable {
    var dataset: String
    var source: String
    var started: WallTime
    var duration: Duration = .zero
    /// Of the file that is current now; nil where there is none.
    var sizeBytes: Int64?
    var md5: String?
    var etag: String?
    var isChanged = false
    /// Requests that were sent.
    var tries = 0
    /// Why the file that was current before is it still.
    var error: String?
}

/// Brings one file into the raw store, on a thread of its own.
///
/// What ends it early, a full disk or a kill among it, leaves the file that was current before, and
/// the beginning of the new one where the next run can go on with it.
final class IngestRun: Sendable {
    private let plan: IngestPlan
    private let store: RawStore
    private let indexes: IndexStore
    /// Told how much of how much was stored, now and then, on the run's thread.
    private let onProgress: @Sendable (_ storedBytes: Int64, _ ofBytes: Int64?) -> Void
    private let cancelled = Atomic<Bool>(false)
    private let wake = DispatchSemaphore(value: 0)

    init(
        _ plan: IngestPlan,
        store: RawStore,
        indexes: IndexStore,
        onProgress: @escaping @Sendable (Int64, Int64?) -> Void
    ) {
        self.plan = plan
        self.store = store
        self.indexes = indexes
        self.onProgress = onProgress
    }

    private var source: SourceDeclaration { plan.source }

    /// From any thread; the run ends soon.
    func cancel() {
        cancelled.store(true, ordering: .relaxed)
        wake.signal()
    }

    /// Why a run ends without a new file.
    private struct Stop: Error {
        var reason: String
        /// Whether what was stored is of no use.
        var discards = false

        init(_ reason: String, discards: Bool = false) {
            self.reason = reason
            self.discards = discards
        }

        /// On a full disk what was stored has to go, for others' sake.
        init(_ error: StorageError) {
            self.init("\(error)", discards: error.isDiskFull)
        }
    }

    /// Runs to the end; blocks.
    func run() -> IngestOutcome {
        let began = EventLoop.now()
        var outcome = IngestOutcome(
            dataset: source.dataset,
            source: "\(source.location)",
            started: EventLoop.wallTime()
        )
        do throws(Stop) {
            try ingest(&outcome)
        } catch {
            if error.discards { store.discardPartial(of: source) }
            outcome.error = error.reason
        }
        outcome.duration = EventLoop.now() - began
        return outcome
    }

    private func ingest(_ outcome: inout IngestOutcome) throws(Stop) {
        let current = try storage { () throws(StorageError) in
            try store.prepare()
            return try store.current(source)
        }
        outcome.note(current)
        let fetched: Fetched?
        switch source.location {
        case .address(let address):
            fetched = try download(from: address, current, &outcome)
        case .file(let path):
            fetched = try copy(from: path, current, &outcome)
        }
        guard let fetched else { return }
        try take(fetched, replacing: current, &outcome)
    }

    /// A whole, verified file that waits under its temporary name.
    private struct Fetched {
        var file: File
        var content: DownloadCheck.Content
        var version: RemoteVersion
        var origin: RawRecord.Identity?
    }

    /// Makes what came the current file, unless that has the same content.
    private func take(
        _ fetched: Fetched,
        replacing current: RawRecord?,
        _ outcome: inout IngestOutcome
    ) throws(Stop) {
        let md5 = hexadecimal(fetched.content.md5)
        if let wanted = source.md5, wanted != md5 {
            throw Stop(
                "what came has the MD5 \(md5), not \(wanted) as its source says",
                discards: true
            )
        }
        let saved = try storage { () throws(StorageError) -> RawRecord in
            // The same content again: only what the source says of it is new.
            if var record = current, record.md5 == md5 {
                record.version = fetched.version
                record.source = "\(source.location)"
                record.origin = fetched.origin
                try store.save(record, of: source)
                store.discardPartial(of: source)
                return record
            }
            try fetched.file.synchronize()
            let record = RawRecord(
                dataset: source.dataset,
                source: "\(source.location)",
                fileName: source.fileName,
                version: fetched.version,
                md5: md5,
                sha256: hexadecimal(fetched.content.sha256),
                ingested: outcome.started.rfc3339,
                identity: RawRecord.Identity(try fetched.file.identity()),
                origin: fetched.origin
            )
            try store.install(record, of: source, replacing: current)
            outcome.isChanged = true
            return record
        }
        outcome.note(saved)
        guard outcome.isChanged else { return }
        if let index = fetched.content.index {
            let path = store.path(of: source)
            indexes.save(index) { outcome in
                guard case .failure(let error) = outcome else { return }
                CoordinatorLog.write("\(path) has no split index: \(error)")
            }
        }
        do throws(StorageError) {
            try store.pruneArchive(of: source, now: outcome.started)
        } catch {
            CoordinatorLog.write("the archive of \(source.dataset) keeps too much: \(error)")
        }
    }

    // MARK: From a source on the network

    /// Nil where the source still has what is current.
    private func download(
        from address: SourceAddress,
        _ current: RawRecord?,
        _ outcome: inout IngestOutcome
    ) throws(Stop) -> Fetched? {
        if let reason = Transfer.unavailable { throw Stop(reason) }
        let isSame = current?.source == "\(source.location)"
        var generator = SystemRandomNumberGenerator()
        let download = Download(
            from: address,
            policy: plan.policy,
            known: isSame ? current?.version : nil,
            seed: generator.next()
        )
        let partial = store.partial(of: source)
        let file = try openPart(keeping: partial != nil)
        let sink = DownloadSink(
            download,
            into: file,
            beginning: partial,
            cut: plan.cut,
            onBegin: { [store, source] version throws(StorageError) in
                try store.begin(version, of: source)
            },
            onProgress: onProgress,
            isCancelled: { [self] in cancelled.load(ordering: .relaxed) }
        )
        let transfer = Transfer(sink)
        var command = sink.begin(with: partial)
        defer { outcome.tries = sink.requests }
        while true {
            switch command {
            case .request(let request):
                let end = transfer.perform(request)
                if let problem = sink.problem {
                    sink.close()
                    throw Stop(problem.reason, discards: problem.discards)
                }
                command = sink.transferred(end)
            case .wait(let delay):
                _ = wake.wait(timeout: .now() + .nanoseconds(Int(delay.nanoseconds)))
                if cancelled.load(ordering: .relaxed) {
                    sink.close()
                    throw Stop("cancelled")
                }
                command = sink.waited()
            case .end(.notModified):
                sink.close()
                store.discardPartial(of: source)
                return nil
            case .end(.failed(let reason)):
                sink.close()
                throw Stop(reason)
            case .end(.received(let version)):
                return Fetched(file: file, content: try checked(sink.check), version: version)
            }
        }
    }

    private func checked(_ check: DownloadCheck) throws(Stop) -> DownloadCheck.Content {
        switch check.finish() {
        case .success(let content): return content
        case .failure(let error): throw Stop(error.description, discards: true)
        }
    }

    private func openPart(keeping: Bool) throws(Stop) -> File {
        try storage { () throws(StorageError) in
            let path = store.partPath(of: source)
            return keeping
                ? try File.open(extending: path) : try File.create(path: path, exclusive: false)
        }
    }

    // MARK: From a file of this machine

    /// Bytes copied at a time; a multiple of what disks and the page cache work with.
    private static let pieceSizeBytes: Int64 = 1 << 20

    /// Nil where the file is what it was when it was copied the last time.
    private func copy(
        from path: String,
        _ current: RawRecord?,
        _ outcome: inout IngestOutcome
    ) throws(Stop) -> Fetched? {
        let original = try storage { () throws(StorageError) in
            try File.open(readingFrom: path)
        }
        outcome.tries = 1
        let origin = try storage { () throws(StorageError) in try original.identity() }
        let isSame = current?.source == "\(source.location)"
        if isSame, current?.origin == RawRecord.Identity(origin) { return nil }
        let sizeBytes = origin.sizeBytes
        guard sizeBytes <= plan.policy.maximumSizeBytes else {
            throw Stop("\(path) has \(ByteCount(sizeBytes)), more than downloads.max_size allows")
        }
        let part = try openPart(keeping: false)
        let growing = GrowingFile(part, sizeBytes: 0)
        let check = DownloadCheck(growing, cut: plan.cut)
        check.start()
        do throws(Stop) {
            try copy(original, into: growing, check, sizeBytes: sizeBytes)
        } catch {
            _ = check.finish()
            throw error
        }
        let content = try checked(check)
        let end = try storage { () throws(StorageError) in
            (try original.identity(), try File.open(readingFrom: path).identity())
        }
        guard end == (origin, origin) else {
            throw Stop("\(path) changed while it was copied", discards: true)
        }
        return Fetched(
            file: part,
            content: content,
            version: RemoteVersion(sizeBytes: sizeBytes),
            origin: RawRecord.Identity(origin)
        )
    }

    private func copy(
        _ original: File,
        into growing: GrowingFile,
        _ check: DownloadCheck,
        sizeBytes: Int64
    ) throws(Stop) {
        var offset: Int64 = 0
        while offset < sizeBytes {
            if cancelled.load(ordering: .relaxed) { throw Stop("cancelled", discards: true) }
            if let problem = check.problem { throw Stop(problem.description, discards: true) }
            let count = min(Self.pieceSizeBytes, sizeBytes - offset)
            try storage { () throws(StorageError) in
                try growing.file.copy(from: original, at: offset, count: count, to: offset)
            }
            offset += count
            growing.grow(to: offset)
            onProgress(offset, sizeBytes)
        }
    }

    private func storage<Value>(
        _ body: () throws(StorageError) -> Value
    ) throws(Stop) -> Value {
        do throws(StorageError) { return try body() } catch { throw Stop(error) }
    }
}

extension IngestOutcome {
    /// Says what is current.
    fileprivate mutating func note(_ record: RawRecord?) {
        sizeBytes = record?.identity.sizeBytes
        md5 = record?.md5
        etag = record?.version.etag
    }
}
