import CLinux
import Glibc

/// A program that ran to its end, and the end of what it said.
package struct ProgramRun: Equatable, Sendable {
    /// Bytes of output that are kept; the last ones, where it says what went wrong.
    private static let keptBytes = 64 << 10
    /// Time between the request to end and the end by force.
    private static let gracePeriod = Duration.seconds(2)

    package let end: ProcessEnd
    /// Whether it was ended for taking too long.
    package let wasOverdue: Bool
    /// What it wrote, as far as it is kept.
    package let output: String

    /// What of a program's output is kept.
    package enum Kept: Sendable {
        /// Its errors; its output is ours, and so is its terminal.
        case errors
        /// Both, in the order of writing. It runs in a session of its own.
        case all
    }

    /// Runs a program to its end, or to its time limit; blocks until then.
    ///
    /// What it leaves running in the background is not waited for, and what that writes is lost.
    package init(
        _ arguments: [String],
        keeping kept: Kept,
        input: ChildProcess.Input = .none,
        limit: Duration? = nil
    ) throws(StorageError) {
        let program = arguments.first ?? ""
        var ends: [Int32] = [-1, -1]
        _ = try systemCall("make a pipe for", program) { otcluster_pipe(&ends) }
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        let child = Result { () throws(StorageError) in
            try ChildProcess.start(
                program,
                arguments,
                inNewSession: kept == .all,
                input: input,
                output: kept == .all ? .descriptor(writing) : .ours,
                errors: .descriptor(writing)
            )
        }
        close(writing)
        let pid = try child.get()
        // A session's process group has the number of its leader; a negative one names the group.
        let target = kept == .all ? -pid : pid
        let process: Int32
        do throws(StorageError) {
            process = try systemCall("watch", program) { otcluster_pidfd_open(pid) }
        } catch {
            kill(target, SIGKILL)
            _ = ProcessEnd(waitingFor: pid)
            throw error
        }
        defer { close(process) }
        var watch = Watch(process: process, reading: reading, target: target, limit: limit)
        watch.waitForEnd()
        end = ProcessEnd(waitingFor: pid)
        wasOverdue = watch.wasOverdue
        output = String(decoding: watch.output, as: UTF8.self)
    }

    /// Reads what a process writes until it has ended.
    private struct Watch {
        let process: Int32
        let reading: Int32
        let target: pid_t
        var deadline: ContinuousClock.Instant?
        var wasOverdue = false
        var output: [UInt8] = []

        init(process: Int32, reading: Int32, target: pid_t, limit: Duration?) {
            self.process = process
            self.reading = reading
            self.target = target
            deadline = limit.map { .now + $0 }
        }

        mutating func waitForEnd() {
            var isOpen = true
            while true {
                var events = [
                    pollfd(fd: process, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: isOpen ? reading : -1, events: Int16(POLLIN), revents: 0),
                ]
                let count = poll(&events, 2, remainingMilliseconds)
                if count == 0 { endForTakingTooLong() }
                guard count > 0 else { continue }
                if events[1].revents != 0 {
                    isOpen = read()
                    // Not each time, for it moves what is kept.
                    if output.count > 2 * ProgramRun.keptBytes { forgetAllButTheEnd() }
                }
                guard events[0].revents == 0 else { break }
            }
            // What was written before the end is there by now. Others may keep the pipe open, and
            // write: no more than is kept.
            let limit = output.count + ProgramRun.keptBytes
            while isOpen, hasMore, output.count < limit { isOpen = read() }
            forgetAllButTheEnd()
        }

        private var remainingMilliseconds: Int32 {
            guard let deadline else { return -1 }
            let left = ContinuousClock.Instant.now.duration(to: deadline)
            return Int32(clamping: max(0, Int64(left / .milliseconds(1)) + 1))
        }

        private mutating func endForTakingTooLong() {
            kill(target, wasOverdue ? SIGKILL : SIGTERM)
            wasOverdue = true
            deadline = .now + ProgramRun.gracePeriod
        }

        private mutating func forgetAllButTheEnd() {
            output.removeFirst(max(0, output.count - ProgramRun.keptBytes))
        }

        private var hasMore: Bool {
            var event = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            return poll(&event, 1, 0) > 0
        }

        /// Takes in what there is; false at its end.
        private mutating func read() -> Bool {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(reading, &buffer, buffer.count)
            if count < 0 && errno == EINTR { return true }
            guard count > 0 else { return false }
            output += buffer[..<count]
            return true
        }
    }
}
