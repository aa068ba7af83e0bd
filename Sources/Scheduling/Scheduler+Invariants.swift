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
        try require(readySteps == readySteps.sorted(), "steps are leased from out of order")
        for (id, job) in jobs {
            try require(job.id == id, "job \(id) is filed under another id")
            try require((job.state == .pending) == queue.contains(id), "job \(id): queue disagrees")
            try require(
                (job.state == .running) == runningJobs.contains(id),
                "job \(id): running list disagrees"
            )
            try require(
                !job.waitsToPublish || progressed.contains(id),
                "job \(id) has a complete step that nobody looks at"
            )
            try require(
                job.isEnded || job.steps.contains { !$0.state.isEnded },
                "job \(id) has nothing left to do and goes on"
            )
            for step in job.steps { try check(step, of: job) }
        }
        for worker in workers.values {
            try require(
                pool(worker.pool)?.workers.contains(worker.id) ?? false,
                "worker \(worker.id) is not in its pool"
            )
            try require(
                nextWorkerCheck <= worker.nextCheck(settings),
                "worker \(worker.id) is looked at too late"
            )
        }
        for pool in pools {
            try require(pool.workers.allSatisfy { workers[$0] != nil }, "a pool lists the dead")
            try check(pool)
        }
    }

    private func check(_ pool: Pool) throws(Contradiction) {
        let (id, members) = (pool.settings.id, pool.workers.compactMap { workers[$0] })
        pool.leasable.checkInvariants()
        let healthy = members.filter(\.isHealthy)
        try require(healthy.count == pool.leasable.count, "pool \(id): queue of workers disagrees")
        for worker in healthy {
            try require(
                pool.leasable.load(of: worker.id) == worker.load,
                "worker \(worker.id) is queued under another load"
            )
        }
        try require(
            members.reduce(0) { $0 + $1.slots } == pool.slots,
            "pool \(id): slots disagree"
        )
        try require(
            members.count { $0.state == .draining } == pool.drainingWorkers,
            "pool \(id): number of draining workers disagrees"
        )
        let jobs = runningJobs.count { self.jobs[$0]?.pool == id }
        try require(jobs == pool.jobs, "pool \(id): \(jobs) jobs use it")
        try require(pool.launching >= 0 && pool.expected >= 0, "pool \(id): fewer than none")
        guard pool.settings.startsWorkers else { return }
        try require(
            pool.wantedWorkers <= pool.settings.maxWorkers,
            "pool \(id): \(pool.wantedWorkers) workers are wanted"
        )
        // What is started on this machine ends by itself when it joins and is one too many.
        let present = pool.members + (pool.settings.isOnDemand ? pool.launching : 0)
        try require(
            present <= pool.wantedWorkers,
            "pool \(id): \(present) workers are there or started, and \(pool.wantedWorkers) wanted"
        )
    }

    private func checkAttempts() throws(Contradiction) {
        for (id, attempt) in attempts {
            let state = step(attempt.task.step)?.tasks[attempt.task.index].state
            try require(
                state?.attempts.contains(id) ?? false,
                "attempt \(id) counts, its task is \(String(describing: state))"
            )
            try require(
                state?.isRunning(id) == !attempt.hasReturned,
                "attempt \(id) has returned: \(attempt.hasReturned), its task disagrees"
            )
        }
        let unstored = attempts.values.count { $0.hasReturned }
        try require(unstored == unstoredResults, "\(unstored) results wait for the disk")
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
            for id in task.state.attempts {
                try require(
                    isOver || attempts[id]?.task == TaskID(step: step.id, index: index),
                    "step \(step.id) task \(index) waits for attempt \(id), which does not count"
                )
            }
            try require(
                task.state.attempts.count < 2 || task.wasSpeculated,
                "step \(step.id) task \(index) is leased twice"
            )
        }
        let postponed = step.tasks.count { $0.state == .postponed }
        try require(
            isOver || postponed == step.postponedTasks,
            "step \(step.id): \(postponed) tasks are postponed"
        )
        let isListed = readySteps.contains { $0.step == step.id }
        try require(
            isListed == !step.ready.isEmpty,
            "step \(step.id): list of ready steps disagrees"
        )
        let ready = step.tasks.count { $0.state == .ready }
        try require(isOver || ready == step.ready.count, "step \(step.id): ready queue disagrees")
        try require(step.cutsUnderWay >= 0, "step \(step.id): more chunks than were asked for")
        if case .planned(let first) = step.merge {
            try require(
                step.tasks[..<first].allSatisfy { $0.state == .done },
                "step \(step.id) merges what is not sorted yet"
            )
        }
        try require(
            step.state != .publishing || step.isMergePlanned,
            "step \(step.id) is published unmerged"
        )
        try require(
            job.isEnded || !step.waitsForMerge || job.state != .running,
            "step \(step.id) waits for a merge that nobody plans"
        )
        if case .done = step.state {
            try require(done == step.tasks.count, "step \(step.id) is done with open tasks")
        }
    }
}
