import Base
import Testing

@testable import Coordinator

@Suite("The log of refused connections")
struct RefusalLogTests {
    @Test("of many refusals in a second one gets a line, and the next line tells of the others")
    func flood() {
        var log = RefusalLog()
        let start = Instant(nanoseconds: 0)
        #expect(log.line(for: "a: b", at: start) == "refused a connection of a: b")
        for millisecond in 1...5 {
            #expect(log.line(for: "c", at: start + .milliseconds(millisecond)) == nil)
        }
        let next = log.line(for: "d", at: start + .seconds(1))
        #expect(next == "refused a connection of d (and 5 others before)")
        #expect(log.line(for: "e", at: start + .seconds(3)) == "refused a connection of e")
    }
}
