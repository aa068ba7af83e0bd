import Base
import Scheduling

/// Reading inputs: what `InputReader` does, on virtual time.
extension SimulatedCoordinator {
    func openInput(_ step: StepID) {
        world.oracle.opened(step, of: scheduler.jobs[step.job])
        guard let input = scenarioStep(step)?.table else { return }
        inputQueue.perform { [self] done in
            process.after(world.dice.milliseconds(1...20)) { [self] in
                if input.damage == .header {
                    handle(.inputFailed(step, reason: "line 1: other columns"))
                } else {
                    reading = (step, input, 0)
                    handle(.inputOpened(step))
                }
                done()
            }
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
                let damage = reading?.step == step ? reading?.input.damage : nil
                if reading?.step == step { reading = nil }
                handle(.damageSearched(step, damage: damage.map { "damaged: \($0)" }))
                done()
            }
        }
    }

    private func cut(_ step: StepID) {
        // A request that was under way when the step ended finds no input.
        guard let open = reading, open.step == step else { return }
        if open.input.damage == .chunk(open.nextChunk) {
            reading = nil
            return handle(.inputFailed(step, reason: "damaged at byte 100"))
        }
        guard open.nextChunk < open.input.chunks.count else {
            reading = nil
            guard open.input.damage == nil else {
                return handle(.inputFailed(step, reason: "the checksum is wrong"))
            }
            world.oracle.readInput(step)
            return handle(.inputEnded(step))
        }
        hand(open.input.chunks[open.nextChunk], of: step)
        reading?.nextChunk += 1
        let isLast = open.nextChunk + 1 == open.input.chunks.count
        if world.bug == .inputEndNotAwaited, isLast {
            reading = nil
            handle(.inputEnded(step))
        }
        if world.bug == .backPressureIgnored, !isLast { cutChunk(step) }
    }

    private func hand(_ chunk: TableInput.Chunk, of step: StepID) {
        guard let state = scheduler.step(step), scheduler.reading == step else { return }
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
