import Base
import Dispatch
import Storage
import Synchronization

/// Stops workers that a dead coordinator had started by commands; blocks.
///
/// Returns what could not be stopped, a line each.
package func stopLeftWorkers(stateDirectory: String) throws -> [String] {
    // Where nothing was ever started, no folder is made for it.
    guard Directory.exists(path: StartedRecords.directory(state: stateDirectory)) else { return [] }
    let lock = try StateLock(path: stateDirectory + "/lock")
    defer { withExtendedLifetime(lock) {} }
    let records = try StartedRecords(stateDirectory: stateDirectory)
    let left = try records.all()
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: left.count) { index in
        let record = left[index]
        guard let failure = records.stop(record) else { return }
        let command = record.stop.joined(separator: " ")
        failures.withLock { $0.append("\(record.name): \(failure); stop it by hand: \(command)") }
    }
    return failures.withLock { $0.sorted() }
}
