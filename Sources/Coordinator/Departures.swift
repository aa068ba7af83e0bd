import Base
import Glibc
import Scheduling
import Storage

extension ProcessEnd {
    /// What the scheduler is told of a worker whose process ended so.
    var loss: WorkerLoss {
        switch self {
        case .exited(let code): .exited(code: code)
        case .killed(let signal): .killed(signal: signal)
        }
    }
}

/// Brings the end of a started worker's connection together with that of its process.
///
/// Either may be seen first; the process tells why, the connection that everything the worker sent
/// has arrived.
struct Departures {
    /// How long the end of a process may come after that of its connection.
    ///
    /// The kernel closes a dying process's sockets moments before its parent is told.
    static let patience = Duration.milliseconds(200)

    private struct Disconnected {
        var worker: WorkerID
        var reason: String
        var since: Instant
    }

    private var disconnected: [pid_t: Disconnected] = [:]
    private var ended: [pid_t: ProcessEnd] = [:]

    /// How the process of a worker ended whose connection has ended now; nil when it has not yet.
    mutating func takeEnd(of process: pid_t) -> ProcessEnd? {
        ended.removeValue(forKey: process)
    }

    /// Waits for the end of a process whose worker's connection has ended.
    mutating func await(_ process: pid_t, of worker: WorkerID, reason: String, since now: Instant) {
        disconnected[process] = Disconnected(worker: worker, reason: reason, since: now)
    }

    /// The worker that a process which has ended now was awaited for.
    mutating func takeWorker(of process: pid_t) -> WorkerID? {
        disconnected.removeValue(forKey: process)?.worker
    }

    /// Keeps the end of a process whose worker's connection has not ended yet.
    mutating func keep(_ end: ProcessEnd, of process: pid_t) { ended[process] = end }

    /// Workers whose processes did not end in time: they are not waited for any longer.
    mutating func overdue(at now: Instant) -> [(WorkerID, WorkerLoss)] {
        let late = disconnected.filter { now - $0.value.since > Self.patience }
        for process in late.keys { disconnected[process] = nil }
        return late.values.sorted { $0.worker < $1.worker }.map {
            ($0.worker, .disconnected(reason: $0.reason))
        }
    }
}
