import Base
import Testing
import Wire
import Working

@Suite("Leases, slots and credit of a worker")
struct LeaseTests {
    @Test("a chunk that has arrived goes to an idle slot, the next one waits for its end")
    func slots() throws {
        var worker = try WorkerFixture.welcomed()
        #expect(
            try worker.lease(1) == [
                .receive(WorkerFixture.lease(1)), .run(WorkerFixture.work(1), slot: 0),
            ]
        )
        #expect(try worker.lease(2) == [.receive(WorkerFixture.lease(2))])
        #expect(worker.core.heldChunks == 2)
        #expect(
            worker.send(.slotEnded(0, .transformed(sizeBytes: 8))) == [
                .sendResult(AttemptID(1)), .run(WorkerFixture.work(2), slot: 0),
            ]
        )
    }

    @Test("a chunk in shared memory goes to a slot as soon as its memory is taken")
    func sharedMemory() throws {
        var worker = try WorkerFixture.welcomed()
        let leases = (1...2).map { WorkerFixture.lease($0) }
        #expect(
            try worker.receive(.leaseShared(leases[0], crc32: 5)) == [
                .takeShared(leases[0]), .run(WorkerFixture.work(1), slot: 0),
            ]
        )
        #expect(
            try worker.receive(.leaseShared(leases[1], crc32: 5)) == [.takeShared(leases[1])]
        )
        #expect(worker.core.heldChunks == 2)
        #expect(throws: WireError.self) {
            try worker.receive(.leaseShared(leases[1], crc32: 5))
        }
    }

    @Test("the memory of a chunk that was revoked before is taken all the same, and let go")
    func revokedSharedMemory() throws {
        var worker = try WorkerFixture.welcomed()
        try worker.receive(.revoke(AttemptID(1)))
        let lease = WorkerFixture.lease(1)
        #expect(
            try worker.receive(.leaseShared(lease, crc32: 5)) == [
                .takeShared(lease), .discard(AttemptID(1)),
            ]
        )
    }

    @Test("results wait for credit, which one result may overdraw")
    func credit() throws {
        var worker = try WorkerFixture.welcomed(slots: 2, credit: 10)
        for attempt in 1...2 as ClosedRange<Int64> { try worker.lease(attempt) }
        let large = SlotOutcome.transformed(sizeBytes: 30)
        #expect(worker.send(.slotEnded(0, large)) == [.sendResult(AttemptID(1))])
        #expect(worker.send(.slotEnded(1, large)) == [])
        #expect(try worker.receive(.credit(bytes: 20)) == [])
        #expect(try worker.receive(.credit(bytes: 1)) == [.sendResult(AttemptID(2))])
    }

    @Test("what an attempt's time went to is reported with its result, and with its failure")
    func reports() throws {
        var worker = try WorkerFixture.welcomed(credit: 0)
        try worker.receive(.lease(WorkerFixture.lease(1)))
        worker.pass(.milliseconds(1))
        try worker.receive(.runEnd(crc32: 5))
        try worker.lease(2)
        var ofSlot = AttemptReport()
        ofSlot.add(.milliseconds(20), to: .converted)
        ofSlot.peakMemoryBytes = 5
        worker.pass(.milliseconds(30))
        worker.send(.slotEnded(0, .transformed(sizeBytes: 8, ofSlot)))
        worker.pass(.milliseconds(400))
        var first = ofSlot
        first.add(.milliseconds(1), to: .received)
        first.add(.milliseconds(400), to: .held)
        #expect(try worker.receive(.credit(bytes: 9)) == [.sendResult(AttemptID(1), first)])
        var second = ofSlot
        second.add(.milliseconds(30), to: .waited)
        #expect(
            worker.send(.slotEnded(0, .failed(.transient, message: "", ofSlot))) == [
                .send(.failed(AttemptID(2), .transient, message: "", second))
            ]
        )
    }

    @Test("a revoked chunk is not begun, and what it gave is not sent")
    func revocation() throws {
        var worker = try WorkerFixture.welcomed()
        try worker.lease(1)
        try worker.lease(2)
        #expect(try worker.receive(.revoke(AttemptID(2))) == [.discard(AttemptID(2))])
        #expect(try worker.receive(.revoke(AttemptID(1))) == [])
        let ended = worker.send(.slotEnded(0, .transformed(sizeBytes: 8)))
        #expect(ended == [.discard(AttemptID(1))])
    }

    @Test("a revocation may come before the lease it is for, or while its text arrives")
    func earlyRevocation() throws {
        var worker = try WorkerFixture.welcomed()
        try worker.receive(.revoke(AttemptID(1)))
        #expect(
            try worker.lease(1) == [.receive(WorkerFixture.lease(1)), .discard(AttemptID(1))]
        )
        try worker.receive(.lease(WorkerFixture.lease(2)))
        try worker.receive(.revoke(AttemptID(2)))
        #expect(try worker.receive(.runEnd(crc32: 5)) == [.discard(AttemptID(2))])
    }

    @Test("a result that waits for credit is dropped when it is revoked")
    func revokedResult() throws {
        var worker = try WorkerFixture.welcomed(credit: 0)
        try worker.lease(1)
        worker.send(.slotEnded(0, .transformed(sizeBytes: 8)))
        #expect(try worker.receive(.revoke(AttemptID(1))) == [.discard(AttemptID(1))])
        #expect(try worker.receive(.credit(bytes: 100)) == [])
    }

    @Test("tasks without data that take no time are answered in one message")
    func synthetic() throws {
        var worker = try WorkerFixture.welcomed()
        func lease(_ attempt: Int64, sleep: UInt64, _ outcome: SyntheticLease.Outcome = .succeed)
            -> SyntheticLease
        {
            SyntheticLease(
                attempt: AttemptID(attempt),
                sleepMicroseconds: sleep,
                outcome: outcome
            )
        }
        let leases = [lease(1, sleep: 0), lease(2, sleep: 5), lease(3, sleep: 0)]
        #expect(
            try worker.receive(.leaseSynthetic(leases)) == [
                .send(.finished([AttemptID(1), AttemptID(3)])),
                .run(.synthetic(lease(2, sleep: 5)), slot: 0),
            ]
        )
        #expect(worker.send(.slotEnded(0, .finished)) == [.send(.finished([AttemptID(2)]))])
        let failing = lease(4, sleep: 0, .fail)
        #expect(
            try worker.receive(.leaseSynthetic([failing])) == [.run(.synthetic(failing), slot: 0)]
        )
        let failure = SlotOutcome.failed(.transient, message: "told to")
        #expect(
            worker.send(.slotEnded(0, failure)) == [
                .send(.failed(AttemptID(4), .transient, message: "told to"))
            ]
        )
    }

    @Test("a lease of a step that was not declared, and a second one of an attempt, are refused")
    func refusals() throws {
        var worker = try WorkerFixture.welcomed()
        let unknown = WorkerFixture.lease(1, step: StepID(job: JobID(9), index: 0))
        #expect(throws: WireError.self) { try worker.receive(.lease(unknown)) }
        try worker.lease(1)
        #expect(throws: WireError.self) { try worker.lease(1) }
        try worker.receive(.forget(WorkerFixture.step))
        #expect(throws: WireError.self) { try worker.lease(2) }
    }
}

@Suite("A worker and its coordinator")
struct ConnectionTests {
    @Test("a connected worker says hello, and beats once it is welcome")
    func joining() throws {
        var worker = WorkerFixture()
        #expect(worker.send(.started) == [.connect(after: .zero)])
        #expect(worker.send(.connected) == [.send(.hello(WorkerFixture.hello()))])
        #expect(worker.send(.beatDue) == [])
        let welcome = Welcome(
            worker: WorkerID(3),
            heartbeatMilliseconds: 2000,
            lostAfterMilliseconds: 30_000,
            resultCreditBytes: 1
        )
        #expect(try worker.receive(.welcome(welcome)).last == .beat(every: .seconds(2)))
        #expect(worker.send(.beatDue) == [.send(.heartbeat(running: []))])
    }

    @Test("heartbeats name what runs, in order")
    func heartbeat() throws {
        var worker = try WorkerFixture.welcomed(slots: 2)
        for attempt in [2, 1] as [Int64] { try worker.lease(attempt) }
        #expect(
            worker.send(.beatDue) == [.send(.heartbeat(running: [AttemptID(1), AttemptID(2)]))]
        )
    }

    @Test("a certificate is renewed over the connection, while there is one")
    func renewal() throws {
        var worker = WorkerFixture()
        worker.send(.started)
        #expect(worker.send(.renewalDue(request: "r")) == [])
        worker.send(.connected)
        #expect(worker.send(.renewalDue(request: "r")) == [])
        try worker.welcome()
        #expect(worker.send(.renewalDue(request: "r")) == [.send(.renew(request: "r"))])
        #expect(try worker.receive(.certificate(pem: "c")) == [.adoptCertificate(pem: "c")])
    }

    @Test("a worker that is refused, or has no valid certificate, ends with exit code 2")
    func endings() throws {
        var refused = try WorkerFixture.welcomed()
        #expect(
            try refused.receive(.refuse(reason: "revoked"))
                == [.stop(reason: "refused: revoked", exitCode: 2)]
        )
        var late = WorkerFixture()
        #expect(
            late.send(.identityEnded(reason: "expired")) == [.stop(reason: "expired", exitCode: 2)]
        )
    }

    @Test("why there is no coordinator is told once, and again after there was one")
    func troubles() throws {
        func notes(_ commands: [WorkerCommand]) -> [String] {
            commands.compactMap { if case .note(let text) = $0 { text } else { nil } }
        }
        var worker = WorkerFixture()
        worker.send(.started)
        #expect(notes(worker.send(.connectFailed(reason: "a"))) == ["no coordinator: a"])
        #expect(notes(worker.send(.connectFailed(reason: "a"))) == [])
        #expect(notes(worker.send(.closed(reason: "b"))) == ["no coordinator: b"])
        try worker.welcome()
        #expect(notes(worker.send(.closed(reason: "b"))) == ["no coordinator: b"])
    }

    @Test("an unreachable coordinator is tried every 0.2 s for a minute")
    func knocking() throws {
        var worker = WorkerFixture()
        worker.send(.started)
        for _ in 0..<50 {
            guard
                case .connect(let delay) = try #require(
                    worker.send(.connectFailed(reason: "refused")).first
                )
            else {
                Issue.record("the worker does not knock")
                return
            }
            #expect((.milliseconds(150)...Duration.milliseconds(250)).contains(delay))
        }
        worker.pass(.seconds(60))
        guard
            case .stop(let reason, let exitCode) = worker.send(.connectFailed(reason: "refused"))
                .first
        else {
            Issue.record("the worker knocks forever")
            return
        }
        #expect(exitCode == 3)
        #expect(reason.contains("127.0.0.1:7077"))
        #expect(worker.send(.connectFailed(reason: "refused")) == [])
    }

    @Test("silence for as long as the welcome says closes the connection")
    func silence() throws {
        var worker = try WorkerFixture.welcomed()
        worker.pass(.seconds(29))
        #expect(worker.send(.beatDue) == [.send(.heartbeat(running: []))])
        worker.pass(.seconds(1))
        guard case .close = worker.send(.beatDue).first else {
            Issue.record("the worker stays")
            return
        }
        var heard = try WorkerFixture.welcomed()
        heard.pass(.seconds(29))
        try heard.receive(.credit(bytes: 0))
        heard.pass(.seconds(29))
        #expect(heard.send(.beatDue) == [.send(.heartbeat(running: []))])
    }

    @Test("a lost connection takes all work along; a slot that is still busy is used again later")
    func loss() throws {
        var worker = try WorkerFixture.welcomed(slots: 2, credit: 0)
        for attempt in 1...4 as ClosedRange<Int64> { try worker.lease(attempt) }
        worker.send(.slotEnded(0, .transformed(sizeBytes: 8)))
        try worker.receive(.lease(WorkerFixture.lease(5)))
        let lost = worker.send(.closed(reason: "reset"))
        // 5 was being received, 4 waited, 1 had no credit; 2 and 3 are in slots.
        let discarded = [5, 4, 1].map { WorkerCommand.discard(AttemptID($0)) }
        #expect(Array(lost.prefix(3)) == discarded)
        worker.send(.connected)
        try worker.welcome()
        #expect(try worker.lease(6) == [.receive(WorkerFixture.lease(6))])
        #expect(
            worker.send(.slotEnded(1, .transformed(sizeBytes: 8))) == [
                .discard(AttemptID(2)), .run(WorkerFixture.work(6), slot: 1),
            ]
        )
        #expect(worker.send(.slotEnded(0, .finished)) == [.discard(AttemptID(3))])
    }

    @Test(
        "a worker ends when it is told to",
        arguments: [
            (CoordinatorMessage.stop(reason: "drained", isForGood: true), Int32(0)),
            (.stop(reason: "the coordinator ends", isForGood: false), 3),
            (.refuse(reason: "another version"), 2),
        ]
    )
    func ending(message: CoordinatorMessage, exitCode: Int32) throws {
        var worker = try WorkerFixture.welcomed()
        guard case .stop(_, exitCode) = try worker.receive(message).first else {
            Issue.record("the worker stays")
            return
        }
        #expect(try worker.receive(.credit(bytes: 1)) == [])
        #expect(worker.send(.closed(reason: "end of stream")) == [])
    }
}
