import Base

extension Scheduler {
    /// Walks the whole state and stops the process where it contradicts itself.
    ///
    /// Tests and the simulator call it after every event; it costs too much for production.
    package func checkInvariants() {
        checkAttempts()
        for (id, job) in jobs {
            precondition(job.id == id, "job \(id) is filed under another id")
            precondition(job.isEnded == !openJobs.contains(id), "job \(id): open list disagrees")
            precondition(
                (job.state == .running) == runningJobs.contains(id),
                "job \(id): running list disagrees"
            )
            for step in job.steps { check(step, of: job) }
        }
        for worker in workers.values {
            precondition(
                pool(worker.pool)?.workers.contains(worker.id) ?? false,
                "worker \(worker.id) is not in its pool"
            )
        }
        for pool in pools {
            precondition(pool.workers.allSatisfy { workers[$0] != nil }, "a pool lists the dead")
        }
    }

    private func checkAttempts() {
        for (id, attempt) in attempts {
            let state = step(attempt.task.step)?.tasks[attempt.task.index].state
            precondition(
                state == .leased(id) || state == .returned(id),
                "attempt \(id) counts, its task is \(String(describing: state))"
            )
        }
        for worker in workers.values {
            precondition(Set(worker.running).count == worker.running.count, "an attempt runs twice")
            for id in worker.running {
                precondition(
                    attempts[id]?.worker == worker.id,
                    "worker \(worker.id) runs attempt \(id), which is not its own"
                )
            }
        }
    }

    private func check(_ step: Step, of job: Job) {
        let done = step.tasks.count { $0.state == .done }
        precondition(done == step.doneTasks, "step \(step.id): \(done) tasks are done")
        let isOver = step.state.isEnded
        for (index, task) in step.tasks.enumerated() {
            switch task.state {
            case .leased(let id), .returned(let id):
                precondition(
                    isOver || attempts[id]?.task == TaskID(step: step.id, index: index),
                    "step \(step.id) task \(index) waits for attempt \(id), which does not count"
                )
            case .ready, .done:
                break
            }
        }
        let ready = step.tasks.count { $0.state == .ready }
        precondition(isOver || ready == step.ready.count, "step \(step.id): ready queue disagrees")
        precondition(step.cutsUnderWay >= 0, "step \(step.id): more chunks than were asked for")
        if case .done = step.state {
            precondition(done == step.tasks.count, "step \(step.id) is done with open tasks")
        }
    }
}
