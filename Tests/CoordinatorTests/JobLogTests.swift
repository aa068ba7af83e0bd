import Base
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Coordinator

@Suite("The log of a job")
struct JobLogTests {
    private func lines(
        _ path: String,
        _ subject: LogSelection.Subject = .course
    ) throws -> [String] {
        let text = TestLoop.Stored<String>()
        JobLog.read(path, subject) { text.finish(String(decoding: $0, as: UTF8.self)) }
        // Without the time in front.
        return try text.wait().split(separator: "\n").map {
            String($0.drop { $0 != " " }.dropFirst())
        }
    }

    private func task(_ step: Int, _ index: Int) -> TaskID {
        TaskID(step: StepID(job: JobID(1), index: step), index: index)
    }

    @Test("lines about a task are found by it, and by nothing that merely looks like it")
    func tasks() throws {
        try withTemporaryFolder { folder in
            let log = JobLog(path: folder + "/1.log")
            log.write("accepted")
            log.write("one", task: task(0, 1))
            log.write("eleven", task: task(0, 11))
            log.write("says [0/1]", task: task(1, 0))
            log.write("[0/1]x is no task")
            let all = try lines(log.path)
            #expect(all.count == 5)
            #expect(try lines(log.path, .task("0/1")) == ["[0/1] one"])
            #expect(try lines(log.path, .task("1/0")) == ["[1/0] says [0/1]"])
            #expect(try lines(log.path, .task("2/0")) == [])
        }
    }

    @Test("reports of workers are shown with their task, and not in the course of the job")
    func reports() throws {
        try withTemporaryFolder { folder in
            let log = JobLog(path: folder + "/1.log")
            log.write("accepted")
            log.writeReport(task: task(0, 1)) { ["received in 1.0 ms", "line 7"] }
            log.write("failed", task: task(0, 1))
            let course = try lines(log.path)
            #expect(course == ["accepted", "[0/1] failed"])
            let ofTask = try lines(log.path, .task("0/1"))
            #expect(
                ofTask == [
                    "[0/1] report: received in 1.0 ms", "[0/1] report: line 7", "[0/1] failed",
                ]
            )
        }
    }

    @Test("reports end earlier than the log: what happens to the job has room behind them")
    func fullOfReports() throws {
        try withTemporaryFolder { folder in
            let log = JobLog(path: folder + "/1.log")
            let line = String(repeating: "x", count: 1 << 20)
            let made = Atomic<Int64>(0)
            for _ in 0..<20 {
                log.writeReport(task: task(0, 0)) {
                    made.add(1, ordering: .relaxed)
                    return [line]
                }
            }
            log.write("ended")
            let course = try lines(log.path)
            #expect(course == ["ended"])
            // The text of those for which there is no room is not even made.
            #expect(made.load(ordering: .relaxed) <= JobLog.reportLimitBytes >> 20)
            let size = try File.open(readingFrom: log.path).identity().sizeBytes
            #expect(size < JobLog.reportLimitBytes + (2 << 20))
        }
    }

    @Test("of a log that is larger than what is sent, the last whole lines are")
    func selection() {
        var selection = LogSelection(.task("0/1"), limitBytes: 100)
        let lines = (0..<50).map { "time [0/\($0 % 2)] line \($0)\n" }
        let text = Array(lines.joined().utf8)
        for start in stride(from: 0, to: text.count, by: 7) {
            selection.append(Array(text[start..<min(start + 7, text.count)]))
        }
        let expected = lines.enumerated().filter { $0.offset % 2 == 1 }.map(\.element).suffix(5)
        #expect(String(decoding: selection.bytes, as: UTF8.self) == expected.joined())
    }

    @Test("a message of several lines is one line")
    func newlines() throws {
        try withTemporaryFolder { folder in
            let log = JobLog(path: folder + "/1.log")
            log.write("first\nsecond")
            let written = try lines(log.path)
            #expect(written == ["first second"])
        }
    }

    @Test("a log that goes on keeps its lines, however many logs are written to")
    func manyLogs() throws {
        try withTemporaryFolder { folder in
            for round in 0..<2 {
                for number in 0..<100 {
                    JobLog(path: "\(folder)/\(number).log").write("round \(round)")
                }
            }
            for number in [0, 50, 99] {
                let written = try lines("\(folder)/\(number).log")
                #expect(written == ["round 0", "round 1"])
            }
        }
    }

    @Test("a log that is full says so, and takes no more lines")
    func full() throws {
        try withTemporaryFolder { folder in
            let log = JobLog(path: folder + "/1.log")
            let line = String(repeating: "x", count: 1 << 20)
            for _ in 0..<20 { log.write(line) }
            #expect(try lines(log.path).last == "log is full: no more lines")
            let size = try File.open(readingFrom: log.path).identity().sizeBytes
            #expect(size < JobLog.limitBytes + (2 << 20))
        }
    }
}
