import Base
import Scheduling

/// Reading inputs: what `InputReader` does, on virtual time.
extension SimulatedCoordinator {
    /// What the input thread has open.
    struct OpenInput {
        let step: StepID
        let damage: TableInput.Damage?
        /// The index by which it is read, where there is one.
        var index: TableInput.WrongIndex?
        var chunks: [TableInput.Chunk]
        var nextChunk = 0
    }

    func openInput(_ step: StepID) {
        guard let input = scenarioStep(step)?.table else { return }
        inputQueue.perform { [self] done in
            process.after(world.dice.milliseconds(1...20)) { [self] in
                if input.damage == .header {
                    handle(.inputFailed(step, reason: "line 1: other columns"))
                } else {
                    let index = world.withoutIndex.contains(step) ? nil : input.wrongIndex
                    reading = OpenInput(
                        step: step,
                        damage: input.damage,
                        index: index,
                        chunks: index?.chunks ?? input.chunks
                    )
                    handle(.inputOpened(step))
                }
                done()
            }
        }
    }

    func reopenInput(_ step: StepID) {
        results[step] = nil
        spool.discard(step) { [self] outcome in
            guard case .success = outcome else {
                return handle(.inputFailed(step, reason: "its results cannot be forgotten"))
            }
            world.oracle.beginsAnew(step)
            world.withoutIndex.insert(step)
            world.distrusted += 1
            // The step may have ended meanwhile.
            if scheduler.reading == step { openInput(step) }
        }
    }

    func cutChunk(_ step: StepID) {
        inputQueue.perform { [self] done in
            process.after(world.dice.milliseconds(1...15)) { [self] in
                cut(step)
                done()
            }
        }
    }

    func closeInput(_ step: StepID) {
        inputQueue.perform { [self] done in
            if reading?.step == step { reading = nil }
            done()
        }
    }

    func searchDamage(_ step: StepID) {
        inputQueue.perform { [self] done in
            process.after(world.dice.milliseconds(1...200)) { [self] in
                let damage = reading?.step == step ? reading?.damage : nil
                if reading?.step == step { reading = nil }
                handle(.damageSearched(step, damage: damage.map { "damaged: \($0)" }))
                done()
            }
        }
    }

    private func cut(_ step: StepID) {
        // A request that was under way when the step ended finds no input.
        guard let open = reading, open.step == step else { return }
        if open.damage == .chunk(open.nextChunk), open.index == nil {
            reading = nil
            return handle(.inputFailed(step, reason: "damaged at byte 100"))
        }
        if let index = open.index, index.isMetByReader, index.failingChunk == open.nextChunk {
            return meetWrongIndex(of: step)
        }
        guard open.nextChunk < open.chunks.count else {
            reading = nil
            guard open.damage == nil || open.index != nil else {
                return handle(.inputFailed(step, reason: "the checksum is wrong"))
            }
            world.oracle.readInput(step)
            return handle(.inputEnded(step))
        }
        hand(open.chunks[open.nextChunk], of: step)
        reading?.nextChunk += 1
        let isLast = open.nextChunk + 1 == open.chunks.count
        if world.bug == .inputEndNotAwaited, isLast {
            reading = nil
            handle(.inputEnded(step))
        }
        if world.bug == .backPressureIgnored, !isLast { cutChunk(step) }
    }

    private func meetWrongIndex(of step: StepID) {
        guard world.bug == .keepsWrongIndexsChunks else {
            reading = nil
            return handle(.inputDistrusted(step, reason: "the index has other chunks"))
        }
        reading?.index = nil
        reading?.chunks = scenarioStep(step)?.table?.chunks ?? []
        cut(step)
    }

    private func hand(_ chunk: TableInput.Chunk, of step: StepID) {
        guard let state = scheduler.step(step), scheduler.isCutting(step) else { return }
        texts[TaskID(step: step, index: state.tasks.count)] = chunk
        world.oracle.holds(texts.count, for: scheduler.workers.values)
        handle(
            .chunkCut(
                step,
                ChunkSummary(
                    sizeBytes: chunk.text.count,
                    lines: chunk.lineCount,
                    firstLine: chunk.firstLine,
                    source: "input",
                    crc32: checksum(chunk.text)
                )
            )
        )
    }
}
