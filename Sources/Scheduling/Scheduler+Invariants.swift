import Base

/// Where the scheduler's state contradicts itself.
private struct Contradiction: Error { let text: String }

extension Scheduler {
    /// Walks the whole state and stops the process where it contradicts itself.
    ///
    /// Tests call it after every event; it costs too much for production.
    package func checkInvariants() {
        if let contradiction { preconditionFailure(contradiction) }
    }

    /// What in the state contradicts the rest of it; nil when all is well.
    ///
    /// The simulator asks after every event, and reports it with the seed.
    package var contradiction: String? {
        do throws(Contradiction) {
            try checkState()
            return nil
        } catch {
            return error.text
        }
    }

    private func require(
        _ holds: Bool,
        _ text: @autoclosure () -> String
    ) throws(Contradiction) {
        guard holds else { throw Contradiction(text: text()) }
    }

    private func checkState() throws(Contradiction) {
        try checkAttempts()
        for (id, job) in jobs {
            try require(job.id == id, "job \(id) is filed under another id")
            try require(job.isEnded == !openJobs.contains(id), "job \(id): open list disagrees")
            try require(
                (job.state == .running) == runningJobs.contains(id),
                "job \(id): running list disagrees"
            )
            for step in job.steps { try check(step, of: job) }
        }
        for worker in workers.values {
            try require(
                pool(worker.pool)?.workers.contains(worker.id) ?? false,
                "worker \(worker.id) is not in its pool"
            )
        }
        for pool in pools {
            try require(pool.workers.allSatisfy { workers[$0] != nil }, "a pool lists the dead")
        }
    }

    private func checkAttempts() throws(Contradiction) {
        for (id, attempt) in attempts {
            let state = step(attempt.task.step)?.tasks[attempt.task.index].state
            try require(
                state == .leased(id) || state == .returned(id),
                "attempt \(id) counts, its task is \(String(describing: state))"
            )
        }
        for worker in workers.values {
            try require(Set(worker.running).count == worker.running.count, "an attempt runs twice")
            for id in worker.running {
                try require(
                    attempts[id]?.worker == worker.id,
                    "worker \(worker.id) runs attempt \(id), which is not its own"
                )
            }
        }
    }

    private func check(_ step: Step, of job: Job) throws(Contradiction) {
        let done = step.tasks.count { $0.state == .done }
        try require(done == step.doneTasks, "step \(step.id): \(done) tasks are done")
        let isOver = step.state.isEnded
        for (index, task) in step.tasks.enumerated() {
            switch task.state {
            case .leased(let id), .returned(let id):
                try require(
                    isOver || attempts[id]?.task == TaskID(step: step.id, index: index),
                    "step \(step.id) task \(index) waits for attempt \(id), which does not count"
                )
            case .ready, .done:
                break
            }
        }
        let ready = step.tasks.count { $0.state == .ready }
        try require(isOver || ready == step.ready.count, "step \(step.id): ready queue disagrees")
        try require(step.cutsUnderWay >= 0, "step \(step.id): more chunks than were asked for")
        if case .done = step.state {
            try require(done == step.tasks.count, "step \(step.id) is done with open tasks")
        }
    }
}
