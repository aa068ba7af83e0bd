import Base
import Scheduling
import Spool
import Wire

/// Makes what tasks bring durable: what `ResultSpool` does, in the same bytes, on a simulated disk.
final class SimulatedSpool {
    /// A durable result: where its pages lie in the step's spool file.
    struct Stored {
        struct RowGroup {
            var isRejects: Bool
            var offset: Int
            var sizeBytes: Int
        }

        var rowGroups: [RowGroup]
    }

    enum Item {
        case result(AttemptID, SimulatedCoordinator.Arrived)
        case finished(StepID, [SyntheticAttempt])
        case inputEnded(StepID, chunks: Int)

        var step: StepID {
            switch self {
            case .result(_, let arrived): arrived.task.step
            case .finished(let step, _), .inputEnded(let step, _): step
            }
        }
    }

    private struct OpenFile {
        var endOffset: Int
        var syncedOffset: Int
    }

    private typealias Answer = Result<Stored, DiskError>

    private unowned let coordinator: SimulatedCoordinator
    private let world: World
    private let queue: SimulatedQueue
    private var gathered: [Item] = []
    private var isStoring = false
    private var open: [StepID: OpenFile] = [:]

    init(_ coordinator: SimulatedCoordinator) {
        self.coordinator = coordinator
        world = coordinator.world
        queue = SimulatedQueue(coordinator.process)
    }

    static func name(of step: StepID) -> String { "results-\(step.job)-\(step.index)" }

    func store(_ item: Item) {
        gathered.append(item)
        storeNextBatch()
    }

    func drop(_ step: StepID) {
        let unwanted = gathered.filter { $0.step == step }
        gathered.removeAll { $0.step == step }
        for item in unwanted { answer(item, .failure(.stepEnded)) }
    }

    /// Forgets what is stored of a step that begins anew, for good.
    func discard(_ step: StepID, _ completion: @escaping (Result<Void, DiskError>) -> Void) {
        drop(step)
        queue.perform { [self] done in
            coordinator.process.after(world.dice.milliseconds(1...8)) { [self] in
                completion(Result { () throws(DiskError) in try forget(step) })
                done()
            }
        }
    }

    private func forget(_ step: StepID) throws(DiskError) {
        open[step] = nil
        guard world.disk.content(of: Self.name(of: step)) != nil else { return }
        world.disk.remove(Self.name(of: step))
        try world.disk.synchronizeDirectory()
    }

    func remove(_ step: StepID) {
        queue.perform { [self] done in
            if open.removeValue(forKey: step) != nil { world.disk.remove(Self.name(of: step)) }
            done()
        }
    }

    private func storeNextBatch() {
        guard !isStoring, !gathered.isEmpty else { return }
        isStoring = true
        let batch = gathered
        gathered = []
        queue.perform { [self] done in
            coordinator.process.after(world.dice.milliseconds(1...8)) { [self] in
                let before = open.mapValues(\.endOffset)
                var answers = batch.map { item in
                    Result { () throws(DiskError) in try write(item) }
                }
                if world.bug == .countsBeforeSync { answer(batch, answers) }
                world.passes(.recordWritten)
                coordinator.process.after(world.dice.milliseconds(1...20)) { [self] in
                    synchronize(batch, before, &answers)
                    isStoring = false
                    if world.bug != .countsBeforeSync { answer(batch, answers) }
                    done()
                    storeNextBatch()
                }
            }
        }
    }

    private func answer(_ batch: [Item], _ answers: [Answer]) {
        for (item, outcome) in zip(batch, answers) { answer(item, outcome) }
    }

    private func answer(_ item: Item, _ outcome: Answer) {
        switch item {
        case .result(let attempt, _): coordinator.stored(attempt, outcome)
        case .finished(_, let batch): coordinator.stored(batch, outcome.map { _ in })
        case .inputEnded: break
        }
    }

    private func synchronize(_ batch: [Item], _ before: [StepID: Int], _ answers: inout [Answer]) {
        for step in Set(batch.map(\.step)).sorted() {
            guard let state = open[step], state.endOffset > state.syncedOffset else { continue }
            do throws(DiskError) {
                try world.disk.synchronize(Self.name(of: step))
                open[step]?.syncedOffset = state.endOffset
                world.oracle.isSettled(step, true)
            } catch {
                guard world.bug != .ignoresFailedSync else { continue }
                world.oracle.isSettled(step, false)
                if let endOffset = before[step] {
                    open[step]?.endOffset = endOffset
                } else if world.bug == .headerWrittenOver {
                    open[step]?.endOffset = 0
                } else {
                    open[step] = nil
                }
                for index in batch.indices where batch[index].step == step {
                    answers[index] = .failure(error)
                }
            }
        }
    }

    // MARK: Bytes

    private func write(_ item: Item) throws(DiskError) -> Stored {
        switch item {
        case .result(let attempt, let arrived):
            let record = SpoolRecord.result(
                SpooledResult(
                    attempt: attempt,
                    task: arrived.task.index,
                    chunk: arrived.chunk,
                    result: arrived.result,
                    sha256: digest(arrived.payload)
                )
            )
            let offset = try append(record, arrived.payload, to: item.step)
            return Self.locate(arrived.result, at: offset)
        case .finished(let step, let batch):
            _ = try append(.finished(batch.map(\.task.index)), [], to: step)
        case .inputEnded(let step, let chunks):
            _ = try append(.inputEnded(chunks: chunks), [], to: step)
        }
        return Stored(rowGroups: [])
    }

    /// Appends a record and its payload; where the payload begins.
    private func append(
        _ record: SpoolRecord,
        _ payload: [UInt8],
        to step: StepID
    ) throws(DiskError) -> Int {
        let state = if let known = open[step] { known } else { try create(step) }
        let bytes = record.encoded(syncedOffset: Int64(state.syncedOffset))
        let name = Self.name(of: step)
        try world.disk.write(bytes, to: name, at: state.endOffset)
        if !payload.isEmpty {
            try world.disk.write(payload, to: name, at: state.endOffset + bytes.count)
        }
        open[step]?.endOffset = state.endOffset + bytes.count + payload.count
        return state.endOffset + bytes.count
    }

    private func create(_ step: StepID) throws(DiskError) -> OpenFile {
        let header = SpoolHeader(
            step: step,
            chunkSizeBytes: 1,
            declarationHash: coordinator.declarationHash(of: step),
            files: []
        ).encoded
        try world.disk.create(Self.name(of: step))
        try world.disk.write(header, to: Self.name(of: step), at: 0)
        try world.disk.synchronizeDirectory()
        let state = OpenFile(endOffset: header.count, syncedOffset: 0)
        open[step] = state
        return state
    }

    /// Where the pages of a result lie whose payload begins at the offset.
    private static func locate(_ result: TransformResult, at start: Int) -> Stored {
        var offset = start
        var groups: [Stored.RowGroup] = []
        for group in result.rowGroups {
            groups.append(
                Stored.RowGroup(
                    isRejects: group.table == .rejects,
                    offset: offset,
                    sizeBytes: group.pagesSizeBytes
                )
            )
            offset += group.pagesSizeBytes
        }
        return Stored(rowGroups: groups)
    }

    // MARK: After a restart

    /// What an earlier coordinator left of the steps.
    func recover(
        _ steps: [StepID],
        _ completion: @escaping ([StepID: (FinishedTasks, [Int: Stored])]) -> Void
    ) {
        queue.perform { [self] done in
            coordinator.process.after(world.dice.milliseconds(1...30)) { [self] in
                var found: [StepID: (FinishedTasks, [Int: Stored])] = [:]
                for step in steps { found[step] = recover(step) }
                completion(found)
                done()
            }
        }
    }

    private func recover(_ step: StepID) -> (FinishedTasks, [Int: Stored])? {
        let size = world.disk.content(of: Self.name(of: step))?.count
        world.trace.note("spool file of step \(step): \(size.map(String.init) ?? "no") bytes")
        guard let bytes = world.disk.content(of: Self.name(of: step)),
            let contents = contents(of: bytes),
            contents.header.declarationHash == coordinator.declarationHash(of: step)
        else { return nil }
        world.oracle.goesOn(with: step)
        do throws(DiskError) {
            try world.disk.synchronize(Self.name(of: step))
        } catch {
            // The step begins anew.
            world.oracle.gaveUp(step)
            return nil
        }
        var finished = FinishedTasks(
            chunkCount: contents.chunkCount,
            synthetic: contents.finishedTasks
        )
        var results: [Int: Stored] = [:]
        for (task, found) in contents.results {
            results[task] = Self.locate(found.result.result, at: Int(found.payloadOffset))
            world.oracle.recovered(TaskID(step: step, index: task))
            finished.results[task] = FinishedTasks.Result(
                chunk: found.result.chunk,
                report: TaskReport(found.result.result)
            )
        }
        let end = Int(contents.endOffset)
        open[step] = OpenFile(endOffset: end, syncedOffset: end)
        return (finished, results)
    }

    private func contents(of bytes: [UInt8]) -> SpoolContents? {
        let isTrusting = world.bug == .believesTornRecord
        return SpoolContents(sizeBytes: Int64(bytes.count)) { (count, offset) throws(Never) in
            Array(bytes.dropFirst(Int(offset)).prefix(count))
        } isIntact: { (result, offset) throws(Never) in
            let size = result.result.payloadSizeBytes
            return isTrusting
                || digest(Array(bytes.dropFirst(Int(offset)).prefix(size))) == result.sha256
        }
    }

    /// Removes the files of all steps that nobody began or recovered.
    func sweep() {
        queue.perform { [self] done in
            let kept = Set(open.keys.map(Self.name(of:)))
            for name in world.disk.names where name.hasPrefix("results-") && !kept.contains(name) {
                world.disk.remove(name)
            }
            done()
        }
    }
}

extension TaskReport {
    init(_ result: TransformResult) {
        self.init(
            lines: result.lines,
            rows: result.rows,
            rejected: result.rejected,
            conversionFailures: result.conversionFailures,
            sizeBytes: Int64(result.payloadSizeBytes)
        )
    }
}
