import Base
import Glibc
import Storage
import Testing

@Suite("Programs that are started")
struct ChildProcessTests {
    private func run(_ script: String, limit: Duration? = nil) throws -> ProgramRun {
        try ProgramRun(["/bin/sh", "-c", script], keeping: .all, limit: limit)
    }

    @Test(
        "the system's status of a process is an exit code or a signal",
        arguments: [
            (0x0000, ProcessEnd.exited(code: 0), 0), (0x0300, .exited(code: 3), 3),
            (0xff00, .exited(code: 255), 255), (0x0009, .killed(signal: 9), 137),
            (0x008b, .killed(signal: 11), 139),
        ] as [(Int32, ProcessEnd, Int32)]
    )
    func status(status: Int32, end: ProcessEnd, exitCode: Int32) {
        #expect(ProcessEnd(waitStatus: status) == end)
        #expect(end.exitCode == exitCode)
    }

    @Test("how a program ended and all that it said come back")
    func end() throws {
        let run = try run("echo one; echo two >&2; echo three; exit 7")
        #expect(run.end == .exited(code: 7))
        #expect(run.output == "one\ntwo\nthree\n")
        #expect(!run.wasOverdue)
        #expect(try self.run("kill -9 $$").end == .killed(signal: 9))
    }

    @Test("arguments arrive as they are given, and no shell is between")
    func arguments() throws {
        let words = ["a b", "$HOME", "*", "'\"", "", "{name}"]
        let run = try ProgramRun(["printf", "[%s]"] + words, keeping: .all)
        #expect(run.output == words.map { "[\($0)]" }.joined())
    }

    @Test("a program that is not there is an error that names it")
    func missing() {
        #expect {
            try ProgramRun(["no-such-program", "x"], keeping: .all)
        } throws: {
            "\($0)".hasPrefix("cannot start no-such-program: No such file or directory")
        }
    }

    @Test("of much output the end is kept")
    func muchOutput() throws {
        let run = try run("yes 0123456789 | head -c 1000000; echo end")
        #expect(run.output.utf8.count == 64 << 10)
        #expect(run.output.hasSuffix("end\n"))
    }

    @Test("after its limit a program is ended, with all of its session")
    func limit() throws {
        let run = try run(
            "echo begun; sleep 600 & echo $!; wait",
            limit: .milliseconds(300)
        )
        #expect(run.wasOverdue)
        #expect(run.end == .killed(signal: SIGTERM))
        let lines = run.output.split(separator: "\n")
        #expect(lines.first == "begun")
        let child = try #require(lines.last.flatMap { pid_t($0) })
        #expect(waitUntilGone(child))
    }

    @Test("one that ignores the request to end is ended by force")
    func force() throws {
        let run = try run("trap '' TERM; while :; do sleep 0.1; done", limit: .milliseconds(100))
        #expect(run.wasOverdue)
        #expect(run.end == .killed(signal: SIGKILL))
    }

    @Test("what it leaves in the background is not waited for, and goes on")
    func background() throws {
        let run = try run("sleep 600 & echo $!", limit: .seconds(60))
        #expect(!run.wasOverdue)
        let child = try #require(pid_t(run.output.prefix { $0.isNumber }))
        #expect(kill(child, SIGKILL) == 0)
    }

    @Test("a child ignores and blocks no signal because this program does")
    func signals() throws {
        let before = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, before) }
        #expect(try run("kill -PIPE $$; exit 0").end == .killed(signal: SIGPIPE))
        #expect(try run("grep SigBlk /proc/self/status").output == "SigBlk:\t0000000000000000\n")
    }

    /// Looks for a while: what was killed is gone a moment later, when it was waited for.
    private func waitUntilGone(_ pid: pid_t) -> Bool {
        for _ in 0..<500 {
            if ProcessEntry(pid: pid) == nil { return true }
            usleep(10_000)
        }
        return false
    }
}
