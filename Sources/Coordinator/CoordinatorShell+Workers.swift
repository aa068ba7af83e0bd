import API
import Base
import Glibc
import Jobs
import Scheduling
import Storage
import Transport
import Wire

/// How workers come and go.
extension CoordinatorShell {
    /// Takes a connection of a worker in.
    func accept(_ connection: Connection) {
        // Dropped before it is started, a connection is closed; so is one whose peer left already.
        guard let address = connection.peerAddress else { return }
        let link = WorkerLink(
            connection: connection,
            loop: loop,
            memory: memory.results,
            delegate: self
        )
        for surplus in strangers.insert(link, from: address) {
            surplus.close("more connections without a hello than have a place")
        }
    }

    func startWorker(_ pool: PoolID) {
        guard !isStopping else { return }
        if commandPools.has(pool) { return commandPools.start(pool) }
        let slots = configuration.pools.first { $0.name == pool }?.slots ?? 1
        do {
            let identity = try makeIdentity(in: pool)
            try processes.launch(pool, slots: slots, identity: identity)
        } catch {
            handle(.launchFailed(pool, reason: "\(error)"))
        }
    }

    func reap() {
        for (pid, launch, end) in processes.reap() where !isStopping {
            CoordinatorLog.write("worker process \(pid) of pool \(launch.pool) ended: \(end.loss)")
            guard launch.hasJoined else {
                handle(.launchFailed(launch.pool, reason: "\(end.loss), see coordinator.log"))
                continue
            }
            if let worker = departures.takeWorker(of: pid) {
                lost(worker, end.loss)
            } else if links.values.contains(where: { $0.hello?.processID == pid }) {
                departures.keep(end, of: pid)
            }
        }
    }

    /// Loses a worker whose connection has ended, with the reason that its process gives, if any.
    func disconnected(_ id: WorkerID, process: pid_t, reason: String) {
        if let end = departures.takeEnd(of: process) {
            lost(id, end.loss)
        } else if processes.hasJoined(process) {
            departures.await(process, of: id, reason: reason, since: EventLoop.now())
            reap()
        } else {
            lost(id, .disconnected(reason: reason))
        }
    }

    func lost(_ id: WorkerID, _ loss: WorkerLoss) {
        CoordinatorLog.write("worker \(id) is gone: \(loss)")
        note(.lost, id, "\(loss)")
        roster.left(id, lost: true, reason: "\(loss)")
        // Its results that are not stored yet stay: they are whole and verified by their hash.
        handle(.workerClosed(id, loss))
    }

    /// What a command started the worker as; nil of one in a pool of another kind.
    func startedName(of link: WorkerLink) -> WorkerName? {
        guard let hello = link.hello, commandPools.has(PoolID(hello.pool)) else { return nil }
        return WorkerName(hello.name)
    }

    func stopWorker(_ id: WorkerID, _ reason: String, isForGood: Bool) {
        guard let link = links.removeValue(forKey: id) else { return }
        if let name = startedName(of: link) { commandPools.stop(name) }
        note(isForGood ? .stopped : .lost, id, reason)
        roster.left(id, lost: !isForGood, reason: reason)
        link.dismiss(.stop(reason: reason, isForGood: isForGood), reason)
    }
}
