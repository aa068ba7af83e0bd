import Base
import Dispatch
import Gzip
import Ingestion
import Jobs
import Storage
import Synchronization
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
    let plan: IngestPlan
    let store: RawStore
    private let indexes: IndexStore
    /// Told how much of how much was stored, now and then, on the run's thread.
    let onProgress: @Sendable (_ storedBytes: Int64, _ ofBytes: Int64?) -> Void
    let cancelled = Atomic<Bool>(false)
    let wake = DispatchSemaphore(value: 0)

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

    var source: SourceDeclaration { plan.source }

    /// From any thread; the run ends soon.
    func cancel() {
        cancelled.store(true, ordering: .relaxed)
        wake.signal()
    }

    /// Why a run ends without a new file.
    struct Stop: Error {
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
    struct Fetched {
        var file: File
        var content: DownloadCheck.Content
        var version: RemoteVersion
        var origin: FileIdentity?
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
                identity: try fetched.file.identity(),
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

    func storage<Value>(
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
