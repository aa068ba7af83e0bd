import Base
import Scheduling

/// Publishing tables: what `TablePublisher` does, on a simulated disk and catalog.
extension SimulatedCoordinator {
    /// Unnamed segments are swept when they are this old; an hour in the product.
    private static let sweepGrace = Duration.seconds(30)

    private typealias Commit = CommitProtocol<CatalogTrouble>
    private typealias Answer = Result<SnapshotID, PublishTrouble>

    /// Why a table was not published.
    private enum PublishTrouble: Error, CustomStringConvertible {
        case disk(DiskError)
        case catalog(CatalogTrouble)
        case unknown(CatalogTrouble)

        var isDiskFull: Bool {
            switch self {
            case .disk(let error): error.isDiskFull
            case .catalog(let error): error == .full
            case .unknown: false
            }
        }

        var description: String {
            switch self {
            case .disk(let error): "\(error)"
            case .catalog(let error): "\(error)"
            case .unknown(let error): "it is not known whether the table was published: \(error)"
            }
        }
    }

    static func commitKey(_ step: StepID) -> String { "\(step.job)/\(step.index)" }

    func publish(_ id: StepID) {
        guard let step = scheduler.step(id) else { return }
        let stored = step.tasks.indices.compactMap { results[id]?[$0] }
        world.oracle.expect(
            stored.count == step.tasks.count,
            "step \(id) is published, a finished task has no result"
        )
        publisherQueue.perform { [self] done in
            writeSegments(of: id, stored) { [self] outcome in
                switch outcome {
                case .success(let files):
                    var commit = Commit()
                    act(.publish, &commit, id, files) { [self] answer in
                        finish(id, answer)
                        done()
                    }
                case .failure(let error):
                    finish(id, .failure(.disk(error)))
                    done()
                }
            }
        }
    }

    private func finish(_ id: StepID, _ answer: Answer) {
        switch answer {
        case .success(let snapshot):
            spool.remove(id)
            handle(.published(id, snapshot))
        case .failure(let error):
            handle(.publishFailed(id, reason: "\(error)", isDiskFull: error.isDiskFull))
        }
    }

    // MARK: Segments

    /// Writes a segment a table under a temporary name, syncs, renames, syncs the folder.
    private func writeSegments(
        of step: StepID,
        _ stored: [SimulatedSpool.Stored],
        _ completion: @escaping (Result<[TableVersion.SegmentFile], DiskError>) -> Void
    ) {
        let files = [false, true].map { isRejects in
            let spool = world.disk.content(of: SimulatedSpool.name(of: step)) ?? []
            let groups = stored.flatMap(\.rowGroups).filter { $0.isRejects == isRejects }
            return TableVersion.SegmentFile(
                name: "segment-\(step.job)-\(step.index)-\(epoch)\(isRejects ? "-rejects" : "")",
                isRejects: isRejects,
                content: groups.flatMap { spool.dropFirst($0.offset).prefix($0.sizeBytes) }
            )
        }.filter { !$0.content.isEmpty }
        perform({ [self] () throws(DiskError) in
            for file in files {
                try world.disk.create(file.name + ".temporary")
                try world.disk.write(file.content, to: file.name + ".temporary", at: 0)
                try world.disk.synchronize(file.name + ".temporary")
            }
        }) { [self] outcome in
            if case .failure(let error) = outcome { return completion(.failure(error)) }
            perform({ [self] () throws(DiskError) in
                for file in files {
                    try world.disk.rename(file.name + ".temporary", to: file.name)
                }
                if world.bug != .skipsDirectorySync { try world.disk.synchronizeDirectory() }
                world.passes(.segmentsRenamed)
            }) { completion($0.map { files }) }
        }
    }

    private func perform(
        _ body: @escaping () throws(DiskError) -> Void,
        _ completion: @escaping (Result<Void, DiskError>) -> Void
    ) {
        process.after(world.dice.milliseconds(1...30)) { [self] in
            let outcome = Result(catching: body)
            process.after(world.dice.milliseconds(1...5)) { completion(outcome) }
        }
    }

    // MARK: The commit

    /// Carries the protocol's action out and hands it the answer, until it ends.
    private func act(
        _ action: Commit.Action,
        _ commit: inout Commit,
        _ step: StepID,
        _ files: [TableVersion.SegmentFile],
        tries: Int = 0,
        _ completion: @escaping (Answer) -> Void
    ) {
        let state = commit
        switch action {
        case .publish:
            let isAnotherKey = world.bug == .retriesWithoutLookUp && tries > 0
            let key = Self.commitKey(step) + (isAnotherKey ? " \(tries)" : "")
            transact(step, files, commitKey: key) { [self] answer in
                var commit = state
                if case .failure = answer, world.bug == .deletesOnUnknownOutcome {
                    for file in files { world.disk.remove(file.name) }
                }
                var next = commit.published(answer)
                if case .failure = answer, world.bug == .retriesWithoutLookUp { next = .publish }
                act(next, &commit, step, files, tries: tries + 1, completion)
            }
        case .lookUp(let delay):
            process.after(delay + world.dice.milliseconds(1...50)) { [self] in
                var commit = state
                let next = commit.lookedUp(world.catalog.snapshot(ofCommit: Self.commitKey(step)))
                act(next, &commit, step, files, tries: tries, completion)
            }
        case .done(let snapshot): completion(.success(snapshot))
        case .failed(let error): completion(.failure(.catalog(error)))
        case .unknown(let error): completion(.failure(.unknown(error)))
        }
    }

    /// One transaction, and its answer a moment later; a catalog that is held up makes wait first.
    private func transact(
        _ step: StepID,
        _ files: [TableVersion.SegmentFile],
        commitKey: String,
        _ completion: @escaping (Result<SnapshotID, CatalogTrouble>) -> Void
    ) {
        let wait = world.catalog.isBusy ? Duration.seconds(1) : world.dice.milliseconds(1...40)
        process.after(wait) { [self] in
            if world.bug == .twoStepCommit, world.catalog.keys[commitKey] == nil {
                let snapshot = world.catalog.show(step, files, commitKey: commitKey)
                world.passes(.committed)
                process.after(world.dice.milliseconds(1...40)) { [self] in
                    world.catalog.record(commitKey, as: snapshot)
                    completion(.success(snapshot))
                }
                return
            }
            let answer = world.catalog.publish(
                step,
                files,
                commitKey: commitKey,
                isFull: world.disk.isFull
            )
            world.passes(.committed)
            process.after(world.dice.milliseconds(1...40)) { completion(answer) }
        }
    }

    // MARK: Sweeping

    func planSweep() {
        process.after(.seconds(5)) { [self] in
            sweep()
            planSweep()
        }
    }

    /// Removes segments that no version names, once they are old.
    private func sweep() {
        let named = world.catalog.namedFiles
        let grace = world.bug == .sweepsWithoutGrace ? Duration.zero : Self.sweepGrace
        for name in world.disk.names where name.hasPrefix("segment-") && !named.contains(name) {
            if world.disk.age(of: name) >= grace { world.disk.remove(name) }
        }
        world.oracle.checkFiles(on: world.disk)
    }
}
