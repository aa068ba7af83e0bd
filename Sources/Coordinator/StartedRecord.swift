import API
import Base
import Scheduling
import Storage

/// What is kept of a worker that a command starts, from before that until its stop command has
/// succeeded: enough to stop it, whatever became of the coordinator and of its configuration.
struct StartedRecord: Codable, Equatable, Sendable {
    var name: String
    var pool: String
    var host: String?
    var stop: [String]
    var timeLimitMilliseconds: Int64

    private enum CodingKeys: String, CodingKey {
        case name
        case pool
        case host
        case stop
        case timeLimitMilliseconds = "time_limit_ms"
    }

    var worker: StartedWorkers.Worker {
        StartedWorkers.Worker(name: WorkerName(name), pool: PoolID(pool), host: host)
    }
}

/// The records of `STATE/started`, a file a worker; docs/formats/job-store.md.
///
/// All calls block. Every file is written by one thread at a time.
struct StartedRecords: Sendable {
    /// More than any record needs.
    private static let limitBytes = 1 << 20
    private static let unfinished = ".new"

    private let directory: String

    static func directory(state: String) -> String { state + "/started" }

    init(stateDirectory: String) throws(StorageError) {
        directory = Self.directory(state: stateDirectory)
        try Directory.create(path: directory)
    }

    /// Makes a record durable.
    func write(_ record: StartedRecord) throws(StorageError) {
        let path = "\(directory)/\(record.name)"
        try File.replace(path: path, with: JSON.encode(record), through: path + Self.unfinished)
    }

    func remove(_ name: WorkerName) throws(StorageError) {
        try Directory.removeTree(path: "\(directory)/\(name)")
    }

    /// Runs the worker's stop command and forgets it when that succeeds; returns why it did not.
    func stop(_ record: StartedRecord) -> String? {
        let limit = Duration.milliseconds(record.timeLimitMilliseconds)
        if let failure = PoolCommand.run(record.stop, limit: limit).failure { return failure }
        do throws(StorageError) {
            try remove(record.worker.name)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// All that earlier coordinators left; before anybody writes.
    ///
    /// A file that was not finished is removed: its command was never run.
    func all() throws(StorageError) -> [StartedRecord] {
        var records: [StartedRecord] = []
        for name in try Directory.list(path: directory) {
            let path = "\(directory)/\(name)"
            guard !name.hasSuffix(Self.unfinished) else {
                try Directory.removeTree(path: path)
                continue
            }
            let file = try File.open(readingFrom: path)
            let bytes = try file.read(Self.limitBytes, at: 0)
            guard let record = try? JSON.decode(StartedRecord.self, from: bytes),
                record.name == name
            else {
                CoordinatorLog.write("\(path) is damaged; look for the worker and stop it by hand")
                continue
            }
            records.append(record)
        }
        return records
    }
}
