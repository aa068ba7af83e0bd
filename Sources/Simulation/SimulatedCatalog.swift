import Base
import Scheduling

/// Why the catalog did not do what it was asked, as far as it says.
enum CatalogTrouble: CommitFailure, CustomStringConvertible {
    case busy
    case full
    /// An error that hides whether the transaction was committed.
    case broken

    var isBusy: Bool { self == .busy }

    var description: String {
        switch self {
        case .busy: "catalog is locked"
        case .full: "catalog: database or disk is full"
        case .broken: "catalog: disk I/O error"
        }
    }
}

/// A table version as the catalog names it.
struct TableVersion {
    var snapshot: SnapshotID
    var commitKey: String
    var step: StepID
    /// Segment files, in order; those of the rejected rows are told apart by `isRejects`.
    var files: [SegmentFile]

    struct SegmentFile {
        var name: String
        var isRejects: Bool
        var content: [UInt8]
    }
}

/// The catalog: transactions that happen at once or not at all, and answers that may be lost.
final class SimulatedCatalog {
    private(set) var versions: [TableVersion] = []
    private(set) var keys: [String: SnapshotID] = [:]
    var isBusy = false
    /// Commits whose answer will be lost.
    var lostAnswers = 0
    /// Look-ups that will fail.
    var failingLookUps = 0
    /// Told of every version that becomes visible.
    var onCommit: (TableVersion) -> Void = { _ in }

    /// Commits a version under its key, unless the key is known.
    func publish(
        _ step: StepID,
        _ files: [TableVersion.SegmentFile],
        commitKey: String,
        isFull: Bool
    ) -> Result<SnapshotID, CatalogTrouble> {
        guard !isBusy else { return .failure(.busy) }
        let snapshot: SnapshotID
        if let known = keys[commitKey] {
            snapshot = known
        } else {
            guard !isFull else { return .failure(.full) }
            snapshot = show(step, files, commitKey: commitKey)
            record(commitKey, as: snapshot)
        }
        guard lostAnswers == 0 else {
            lostAnswers -= 1
            return .failure(.broken)
        }
        return .success(snapshot)
    }

    func snapshot(ofCommit key: String) -> Result<SnapshotID?, CatalogTrouble> {
        guard !isBusy else { return .failure(.busy) }
        guard failingLookUps == 0 else {
            failingLookUps -= 1
            return .failure(.broken)
        }
        return .success(keys[key])
    }

    /// Makes the files visible: half of a commit.
    func show(
        _ step: StepID,
        _ files: [TableVersion.SegmentFile],
        commitKey: String
    ) -> SnapshotID {
        let snapshot = SnapshotID(Int64(versions.count + 1))
        let version = TableVersion(
            snapshot: snapshot,
            commitKey: commitKey,
            step: step,
            files: files
        )
        versions.append(version)
        onCommit(version)
        return snapshot
    }

    /// Records the commit key: the other half.
    func record(_ key: String, as snapshot: SnapshotID) { keys[key] = snapshot }

    var namedFiles: Set<String> { Set(versions.flatMap { $0.files.map(\.name) }) }
}

/// The coordinator's job store: what was committed is there after any crash.
final class SimulatedJobStore {
    enum State { case open, done, failed, cancelled }

    struct Record {
        var id: JobID
        /// The request: which job of the scenario.
        var job: Int
        var state = State.open
        var reason = ""
    }

    private(set) var records: [JobID: Record] = [:]
    private(set) var epoch: Int64 = 0

    func beginReign() -> Int64 {
        epoch += 1
        return epoch
    }

    /// Records a job once, however often it is sent.
    func insert(_ job: Int) -> (id: JobID, isNew: Bool) {
        if let known = records.values.first(where: { $0.job == job }) { return (known.id, false) }
        let id = JobID(Int64(records.count + 1))
        records[id] = Record(id: id, job: job)
        return (id, true)
    }

    /// The id that a job has or would get.
    func nextID(for job: Int) -> JobID {
        let known = records.values.first { $0.job == job }
        return known?.id ?? JobID(Int64(records.count + 1))
    }

    func update(_ id: JobID, _ state: State, reason: String) {
        records[id]?.state = state
        records[id]?.reason = reason
    }

    var unfinished: [Record] {
        records.values.filter { $0.state == .open }.sorted { $0.id < $1.id }
    }
}
