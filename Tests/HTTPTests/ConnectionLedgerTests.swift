import Base
import HTTP
import Testing
import Transport

@Suite("Limits on HTTP connections")
struct ConnectionLedgerTests {
    private typealias Traffic = ConnectionLedger.Traffic

    /// A ledger with its clock, swept once a second as the server does.
    private final class Fixture {
        var ledger = ConnectionLedger()
        var now = Instant(nanoseconds: 1_000_000_000_000)
        var traffic: [Int: Traffic] = [:]
        var gone: [Int: Duration] = [:]
        let start = Instant(nanoseconds: 1_000_000_000_000)

        @discardableResult
        func open(_ number: Int, from host: UInt8 = 1) -> Bool {
            ledger.opened(number, from: PeerAddress(bytes: [10, 0, 0, host]), at: now)
        }

        func receive(_ number: Int, _ bytes: Int64) {
            traffic[number, default: Traffic()].received += bytes
        }

        func cameWhole(_ number: Int) {
            ledger.cameWhole(number, received: traffic[number]?.received ?? 0)
        }

        func answer(_ number: Int, _ bytes: Int64) {
            traffic[number, default: Traffic()].queued += bytes
            ledger.answered(number, traffic[number] ?? Traffic(), at: now)
        }

        func take(_ number: Int, _ bytes: Int64) {
            traffic[number, default: Traffic()].queued -= bytes
            traffic[number, default: Traffic()].sent += bytes
            if traffic[number]?.queued == 0 { ledger.tookAll(number, at: now) }
        }

        /// Lets time pass; `each` happens before each sweep.
        func pass(_ seconds: Int, each: (Fixture) -> Void = { _ in }) {
            for _ in 0..<seconds {
                now = now + .seconds(1)
                each(self)
                for number in ledger.overdue(at: now, { [traffic] in traffic[$0] ?? Traffic() }) {
                    ledger.closed(number)
                    gone[number] = now - start
                }
            }
        }
    }

    @Test("who sends no whole request within 10 s goes, trickling or silent")
    func slowRequest() {
        let fixture = Fixture()
        fixture.open(1)
        fixture.open(2)
        fixture.pass(15) { $0.receive(2, 1) }
        #expect(fixture.gone == [1: .seconds(11), 2: .seconds(11)])
    }

    @Test("a handler has all the time it wants")
    func slowHandler() {
        let fixture = Fixture()
        fixture.open(1)
        fixture.receive(1, 100)
        fixture.cameWhole(1)
        fixture.pass(3600)
        #expect(fixture.gone == [:])
    }

    @Test("between two requests a client may be silent for 60 s")
    func idle() {
        let fixture = Fixture()
        fixture.open(1)
        fixture.receive(1, 100)
        fixture.cameWhole(1)
        fixture.answer(1, 100)
        fixture.take(1, 100)
        fixture.pass(60)
        #expect(fixture.gone == [:])
        fixture.pass(1)
        #expect(fixture.gone == [1: .seconds(61)])
    }

    @Test("a later request has 10 s from its first byte on, not from the last answer")
    func laterRequest() {
        let fixture = Fixture()
        fixture.open(1)
        fixture.receive(1, 100)
        fixture.cameWhole(1)
        fixture.answer(1, 100)
        fixture.take(1, 100)
        fixture.pass(50)
        fixture.receive(1, 1)
        fixture.pass(11)
        #expect(fixture.gone == [:])
        fixture.pass(1)
        #expect(fixture.gone == [1: .seconds(62)])
    }

    @Test("the beginning of a request that came with the one before counts from the answer on")
    func pipelined() {
        let fixture = Fixture()
        fixture.open(1)
        fixture.receive(1, 120)
        fixture.ledger.cameWhole(1, received: 100)
        fixture.answer(1, 10)
        fixture.take(1, 10)
        fixture.pass(12)
        #expect(fixture.gone == [1: .seconds(12)])
    }

    @Test("who does not take an answer goes, and who takes it at a pace does not")
    func slowReaders() {
        let fixture = Fixture()
        for number in 1...3 {
            fixture.open(number)
            fixture.cameWhole(number)
            fixture.answer(number, 16 << 20)
        }
        fixture.pass(100) {
            $0.take(2, 1)
            $0.take(3, ConnectionLedger.paceBytes / 10)
        }
        // Ten times a tenth, rounded down, are a byte or so less than the whole.
        #expect(fixture.gone == [1: .seconds(11), 2: .seconds(11)])
    }

    @Test("a stream may be silent for ever, but not untaken")
    func streams() {
        let fixture = Fixture()
        fixture.open(1)
        fixture.cameWhole(1)
        fixture.ledger.streams(1, Traffic(), at: fixture.now)
        fixture.pass(3600)
        #expect(fixture.gone == [:])
        fixture.traffic[1, default: Traffic()].queued += 10
        fixture.pass(9)
        fixture.take(1, 10)
        fixture.pass(1)
        fixture.traffic[1, default: Traffic()].queued += 10
        fixture.pass(20)
        #expect(fixture.gone == [1: .seconds(3622)])
    }

    @Test("when all together hold too much, those who hold the most go")
    func memory() {
        let fixture = Fixture()
        let mebibyte: Int64 = 1 << 20
        for (number, size) in [(1, 30), (2, 10), (3, 33), (4, 1)] as [(Int, Int64)] {
            fixture.open(number)
            fixture.cameWhole(number)
            fixture.answer(number, size * mebibyte)
        }
        fixture.pass(1)
        #expect(fixture.gone == [3: .seconds(1)])
        #expect(fixture.ledger.heldBytes == 41 * mebibyte)
        // Requests on their way in count as well.
        for number in 5...28 {
            fixture.open(number)
            fixture.receive(number, mebibyte)
        }
        fixture.pass(1)
        #expect(fixture.gone == [3: .seconds(1), 1: .seconds(2)])
    }

    @Test("the 65th connection of an address takes the place of the one that waits longest")
    func perAddress() {
        let fixture = Fixture()
        for number in 0..<64 {
            #expect(!fixture.open(number))
            fixture.pass(number == 0 ? 1 : 0)
        }
        for number in 0..<2 { fixture.cameWhole(number) }
        #expect(fixture.open(64))
        #expect(fixture.ledger.surplus() == [2])
        fixture.ledger.closed(2)
        #expect(!fixture.open(65, from: 2))
        #expect(fixture.ledger.surplus() == [])
    }

    @Test("when all connections of an address are busy, a newcomer has no place")
    func allBusy() {
        let fixture = Fixture()
        for number in 0..<64 {
            fixture.open(number)
            fixture.cameWhole(number)
        }
        #expect(fixture.open(64))
        #expect(fixture.ledger.surplus() == [64])
    }

    @Test("1,024 connections are the most, and a flood does not cost others theirs")
    func total() {
        let fixture = Fixture()
        fixture.open(-1, from: 255)
        for number in 0..<1023 { fixture.open(number, from: UInt8(number / 64)) }
        #expect(fixture.ledger.surplus() == [])
        #expect(fixture.open(1023, from: 100))
        #expect(fixture.ledger.surplus() == [0])
    }

    @Test("a closed connection frees its place, also when it is told twice")
    func closing() {
        let fixture = Fixture()
        for number in 0..<64 { fixture.open(number) }
        fixture.ledger.closed(5)
        fixture.ledger.closed(5)
        #expect(!fixture.open(64))
        #expect(fixture.open(65))
    }
}
