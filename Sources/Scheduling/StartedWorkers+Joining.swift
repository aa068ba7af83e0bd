package import Base

/// How workers are started, and how they join.
extension StartedWorkers {
    // MARK: Starting

    mutating func want(_ id: PoolID) {
        guard let pool = pools[id], !isEnding else { return }
        // Whatever cannot be stopped may still run, and cost.
        let unstopped = entries.values.filter { $0.worker.pool == id && $0.state.isLeaving }
        guard unstopped.count < pool.maxWorkers else {
            let text = "\(unstopped.count) workers are still to be stopped: "
            let failure = unstopped.compactMap(\.state.failure).first
            commands.append(.launchFailed(id, reason: text + (failure ?? "their commands run")))
            return
        }
        startCounter += 1
        let name = WorkerName("\(prefix)-\(startCounter)")
        let worker = Worker(name: name, pool: id, host: emptiestHost(of: pool))
        entries[name] = Entry(worker: worker, state: .queued, isLaunch: true)
    }

    /// The host that the fewest workers were started on, also of those that cannot be stopped.
    private func emptiestHost(of pool: Pool) -> String? {
        let used = entries.values.filter { !$0.state.isStopped }.compactMap(\.worker.host)
        return pool.hosts.min { left, right in
            used.count { $0 == left } < used.count { $0 == right }
        }
    }

    mutating func endStart(of name: WorkerName, _ outcome: StartOutcome) {
        guard case .starting(let worker, let isWanted) = entries[name]?.state else { return }
        switch outcome {
        case .notRun(let reason):
            fail(name, reason)
            entries[name] = nil
        case .failed(let reason):
            fail(name, reason)
            change(name, to: .leaving(tries: 0, notBefore: now, failure: nil))
        case .started where !isWanted:
            change(name, to: .leaving(tries: 0, notBefore: now, failure: nil))
        case .started:
            change(name, to: worker.map { .joined($0) } ?? awaited(name))
        }
    }

    /// The youngest starts go first: what was started earlier will be there earlier.
    mutating func cancel(_ count: Int, of pool: PoolID) {
        let launches = names { $0.isLaunch && $0.worker.pool == pool }
        for name in launches.suffix(count) {
            entries[name]?.isLaunch = false
            stop(name)
        }
    }

    private mutating func fail(_ name: WorkerName, _ reason: String) {
        guard let entry = entries[name], entry.isLaunch else { return }
        entries[name]?.isLaunch = false
        commands.append(.launchFailed(entry.worker.pool, reason: reason))
    }

    // MARK: Joining

    /// Why a worker of that name is not taken in; nil when it is.
    package func refusal(of name: WorkerName, in pool: PoolID) -> String? {
        guard pools[pool] != nil else { return nil }
        guard let entry = entries[name], entry.worker.pool == pool else {
            return name.rawValue.isEmpty
                ? "workers of pool \(pool) are started by its command and say as what: --name"
                : "no worker \(name) of pool \(pool) was started"
        }
        switch entry.state {
        case .starting(_, isWanted: true), .awaited, .joined: return nil
        case .queued, .starting, .leaving, .stopping, .stranded, .stopped:
            return "worker \(name) is not wanted any more"
        }
    }

    /// Whether the scheduler waits for it, as one that it had started.
    package func isLaunch(_ name: WorkerName) -> Bool { entries[name]?.isLaunch ?? false }

    mutating func join(_ name: WorkerName, _ worker: WorkerID) {
        entries[name]?.isLaunch = false
        switch entries[name]?.state {
        case .starting(_, isWanted: true):
            change(name, to: .starting(joined: worker, isWanted: true))
        case .awaited, .joined:
            change(name, to: .joined(worker))
        default:
            stop(name)
        }
    }

    mutating func leave(_ name: WorkerName, _ worker: WorkerID) {
        switch entries[name]?.state {
        case .starting(joined: worker, let isWanted):
            change(name, to: .starting(joined: nil, isWanted: isWanted))
        case .joined(worker):
            change(name, to: awaited(name))
        default:
            // It has come back under another number, or is being stopped.
            break
        }
    }

    /// Stops what has not joined, or not come back, in its time.
    mutating func checkWaits() {
        for name in names({ _ in true }) {
            switch entries[name]?.state {
            case .awaited(let until) where now >= until:
                let pool = entries[name].flatMap { pools[$0.worker.pool] }
                let wait = pool.map(Self.wait(of:)) ?? Self.shortestWait
                fail(name, "\(name) was started and did not join within \(wait.seconds) s")
                stop(name)
            case .stopped(let until) where now >= until:
                entries[name] = nil
            default:
                break
            }
        }
    }

    private func awaited(_ name: WorkerName) -> State {
        let pool = entries[name].flatMap { pools[$0.worker.pool] }
        return .awaited(until: now + (pool.map(Self.wait(of:)) ?? .zero))
    }

    static func wait(of pool: Pool) -> Duration { max(pool.patience, shortestWait) }
}
