package import Base

/// How workers are stopped, and what is left of them.
extension StartedWorkers {
    mutating func stop(_ name: WorkerName) {
        switch entries[name]?.state {
        case .queued:
            entries[name] = nil
        case .starting(let worker, isWanted: true):
            // One command at a time for a worker: the other one could come to nothing.
            change(name, to: .starting(joined: worker, isWanted: false))
        case .awaited, .joined, .stopped:
            change(name, to: .leaving(tries: 0, notBefore: now, failure: nil))
        case .starting, .leaving, .stopping, .stranded, nil:
            break
        }
    }

    mutating func endStop(of name: WorkerName, _ failure: String?) {
        guard case .stopping(let tries, _) = entries[name]?.state else { return }
        guard let failure else {
            return change(name, to: .stopped(until: now + Self.memory))
        }
        // At the end there is no time to wait: whoever ends the cluster is told.
        guard !isEnding, tries + 1 < Self.stopTries else {
            return change(name, to: .stranded(failure: failure))
        }
        let delay = Self.firstStopDelay.doubled(tries, upTo: Self.lastStopDelay)
        change(name, to: .leaving(tries: tries + 1, notBefore: now + delay, failure: failure))
    }

    mutating func end() {
        guard !isEnding else { return }
        isEnding = true
        for name in names({ _ in true }) {
            switch entries[name]?.state {
            case .leaving, .stranded:
                change(name, to: .leaving(tries: 0, notBefore: now, failure: nil))
            case .stopped:
                break
            default:
                stop(name)
            }
        }
    }

    // MARK: What is left

    /// Whether the worker may still have to be stopped.
    package func knows(_ name: WorkerName) -> Bool { entries[name] != nil }

    /// Whether, at the end, there is a command to wait for.
    package var isBusy: Bool {
        entries.values.contains { entry in
            switch entry.state {
            case .stranded, .stopped: false
            default: true
            }
        }
    }

    /// What of a pool could not be stopped, with the reason; nil when all could.
    package func trouble(of pool: PoolID) -> String? {
        let failed = entries.values.filter {
            $0.worker.pool == pool && $0.state.failure != nil
        }.sorted { $0.worker.name < $1.worker.name }
        guard let first = failed.first, let failure = first.state.failure else { return nil }
        let others = failed.count == 1 ? "" : " and \(failed.count - 1) more"
        return "could not stop \(first.worker.name)\(others): \(failure)"
    }
}
