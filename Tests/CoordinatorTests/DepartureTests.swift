import Base
import Scheduling
import Storage
import Testing

@testable import Coordinator

@Suite("How a started worker was lost")
struct DepartureTests {
    private let start = Instant(nanoseconds: 0)
    private let worker = WorkerID(7)

    @Test("a process that is seen to end after its connection names its worker, once")
    func connectionFirst() {
        var departures = Departures()
        departures.await(11, of: worker, reason: "reset", since: start)
        #expect(departures.takeWorker(of: 12) == nil)
        #expect(departures.takeWorker(of: 11) == worker)
        #expect(departures.takeWorker(of: 11) == nil)
        #expect(departures.overdue(at: start + .seconds(1)).isEmpty)
    }

    @Test("a process that is seen to end before its connection is remembered, once")
    func processFirst() {
        var departures = Departures()
        departures.keep(.killed(signal: 9), of: 11)
        #expect(departures.takeEnd(of: 11) == .killed(signal: 9))
        #expect(departures.takeEnd(of: 11) == nil)
    }

    @Test("a process that lives on is not waited for longer than a moment")
    func overdue() {
        var departures = Departures()
        departures.await(11, of: worker, reason: "reset", since: start)
        #expect(departures.overdue(at: start + Departures.patience).isEmpty)
        let late = departures.overdue(at: start + Departures.patience + .nanoseconds(1))
        #expect(late.map(\.0) == [worker])
        #expect(late.map(\.1) == [.disconnected(reason: "reset")])
        #expect(departures.takeWorker(of: 11) == nil)
    }
}
