import Storage
import Glibc
import Testing

private let zombie = "12 (a) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"

@Suite("Process entry")
struct ProcessEntryTests {
    @Test("the start time is found behind a name with blanks and parentheses")
    func startTicks() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"
        #expect(ProcessEntry.startTicks(stat: "12 (a) (b c) " + fields) == 4711)
    }

    @Test(
        "a zombie and garbage are no process",
        arguments: ["", "12 (a", "12 (a) S 1 2", ")", zombie]
    )
    func garbage(stat: String) { #expect(ProcessEntry.startTicks(stat: stat) == nil) }

    @Test("this process is alive and known by its own words")
    func own() throws {
        let entry = try #require(ProcessEntry(pid: getpid()))
        #expect(entry.isAlive)
        #expect(entry.commandLine == CommandLine.arguments)
    }
}
