import API
import Base
import Columns
import Glibc
import Identity
import Jobs
import Scheduling
import Transport
import Wire

/// What workers say, checked before the scheduler hears of it.
extension CoordinatorShell: WorkerLinkDelegate {
    /// Bytes of results a worker may have under way; they wait in memory until they are synced.
    private static let resultCreditBytes: Int64 = 16 << 20
    /// Length of a worker's host name: HOST_NAME_MAX of Linux is 64, of POSIX 255.
    private static let hostBytes = 255

    func admit(_ link: WorkerLink, _ hello: Hello) -> Result<Welcome, RefusedError> {
        guard hello.protocolVersion == protocolVersion else {
            let text =
                "the worker speaks protocol \(hello.protocolVersion) (\(hello.productVersion)), "
                + "the coordinator \(protocolVersion) (\(productVersion)); install the same version"
            return .failure(RefusedError(reason: text))
        }
        let pool = PoolID(hello.pool)
        guard scheduler.pool(pool) != nil else {
            let names = configuration.pools.map(\.name.rawValue).joined(separator: ", ")
            let text = "there is no pool '\(hello.pool)'; cluster.yaml has \(names)"
            return .failure(RefusedError(reason: text))
        }
        if let complaint = complaint(about: link, in: pool) {
            return .failure(RefusedError(reason: complaint))
        }
        guard Limits.slots.contains(Int(hello.slots)) else {
            return .failure(RefusedError(reason: "slots must be within \(Limits.slots)"))
        }
        guard hello.host.utf8.count <= Self.hostBytes, hello.processID > 0 else {
            return .failure(RefusedError(reason: "the hello names no host and process"))
        }
        guard links.count < Limits.workers else {
            let text = "the coordinator has \(Limits.workers) workers, the most it takes"
            return .failure(RefusedError(reason: text))
        }
        if let reason = commandPools.refusal(of: WorkerName(hello.name), in: pool) {
            return .failure(RefusedError(reason: reason))
        }
        let id = roster.join(hello, pool: pool, identity: link.proof?.subject)
        strangers.remove(link)
        links[id] = link
        note(.joined, id)
        CoordinatorLog.write("worker \(id) joined pool \(pool): \(hello.host) \(hello.processID)")
        link.share(through: processes.handover(to: hello.processID))
        // The welcome must leave before the first lease; the connection may be gone by then.
        let arrival = LoopBound((shell: self, link: link), loop: loop)
        loop.execute {
            let (shell, link) = arrival.value
            if shell.links[id] === link { shell.join(id, hello) }
        }
        return .success(
            Welcome(
                worker: id,
                heartbeatMilliseconds: milliseconds(configuration.scheduler.heartbeat),
                lostAfterMilliseconds: milliseconds(configuration.scheduler.lostAfter),
                resultCreditBytes: Self.resultCreditBytes
            )
        )
    }

    private func join(_ id: WorkerID, _ hello: Hello) {
        let pool = PoolID(hello.pool)
        // Not before: a start that is marked and never joins would count as being made for ever.
        let wasLaunched =
            commandPools.has(pool)
            ? commandPools.join(WorkerName(hello.name), as: id)
            : processes.markJoined(hello.processID)
        handle(.workerJoined(id, pool, slots: Int(hello.slots), wasLaunched: wasLaunched))
    }

    func heard(_ link: WorkerLink) {
        guard let id = link.id else { return }
        if let complaint = complaint(about: link) { return expel(link, complaint) }
        handle(.workerHeard(id))
    }

    func received(
        _ result: TransformResult,
        of attempt: AttemptID,
        block: MemoryBlock,
        sha256: [UInt8],
        report: AttemptReport,
        from link: WorkerLink
    ) {
        guard let worker = link.id else { return }
        guard let running = scheduler.attempt(attempt) else {
            // Late: counted by the scheduler, and the worker may send again.
            link.send(.credit(bytes: Int64(result.payloadSizeBytes)))
            return handle(.resultArrived(attempt, TaskReport()))
        }
        guard running.worker == worker, let job = context(running.task.step)?.table else {
            return link.close("a result of attempt \(attempt), which is not its to report")
        }
        note(report, result, of: attempt, at: running.task, by: worker)
        guard let chunk = scheduler.step(running.task.step)?.tasks[running.task.index].chunk else {
            preconditionFailure("attempt \(attempt) counts and has no task")
        }
        if let reason = complaint(about: result, of: chunk, job.transform) {
            link.send(.credit(bytes: Int64(result.payloadSizeBytes)))
            // Of text that is not inflated here, only the index says how many lines it has.
            let isIndexs = result.lines != chunk.lines && chunks.isSlice(running.task)
            let failure = isIndexs ? FailureClass.wrongIndex : .defect
            return handle(.attemptFailed(attempt, failure, reason: reason))
        }
        arrived[attempt] = (
            ArrivedResult(
                attempt: attempt,
                task: running.task,
                chunk: chunk,
                columns: job.transform.columns,
                result: result,
                block: block,
                sha256: sha256
            ), worker
        )
        handle(.resultArrived(attempt, TaskReport(result, of: chunk)))
    }

    /// Why the result cannot be one of the chunk; nil where it can.
    private func complaint(
        about result: TransformResult,
        of chunk: ChunkSummary,
        _ declaration: TransformDeclaration
    ) -> String? {
        // Of sorted rows a task reads more than it keeps; all that are kept are counted in the end.
        let isWhole = chunk.isMerge ? result.lines <= chunk.lines : result.lines == chunk.lines
        guard isWhole, result.conversionFailures.count == declaration.columns.count else {
            return "the worker reports \(result.lines) lines, the chunk has \(chunk.lines)"
        }
        let isSorted = declaration.sortsRows && !chunk.isMerge
        let foreign: RowGroupTable = isSorted ? .rows : .sortedRun
        guard !result.rowGroups.contains(where: { $0.table == foreign }),
            result.rowGroups.count(where: { $0.table == .sortedRun }) <= 1
        else { return "the worker reports rows of another stage than its chunk's" }
        return nil
    }

    func finished(_ attempts: [AttemptID], from link: WorkerLink) {
        // Of attempts that count, a worker may only report its own, and only those without data.
        let foreign = attempts.first { attempt in
            guard let running = scheduler.attempt(attempt) else { return false }
            return running.worker != link.id || context(running.task.step)?.table != nil
        }
        if let foreign {
            return link.close("the end of attempt \(foreign), which is not its to report")
        }
        handle(.syntheticFinished(attempts))
    }

    func failed(
        _ attempt: AttemptID,
        _ failure: FailureClass,
        message: String,
        report: AttemptReport,
        from link: WorkerLink
    ) {
        guard let running = scheduler.attempt(attempt), running.worker == link.id else { return }
        note(report, nil, of: attempt, at: running.task, by: running.worker)
        handle(.attemptFailed(attempt, failure, reason: message))
    }

    func closed(_ link: WorkerLink, reason: String) {
        strangers.remove(link)
        guard let id = link.id, links.removeValue(forKey: id) != nil, !isStopping else { return }
        if let name = startedName(of: link) {
            commandPools.leave(name, id)
            return lost(id, .disconnected(reason: reason))
        }
        disconnected(id, process: link.hello?.processID ?? 0, reason: reason)
    }

    private func milliseconds(_ duration: Duration) -> UInt32 {
        UInt32(clamping: duration.nanoseconds / 1_000_000)
    }
}
