import Base
import Dispatch
import Storage
import Transport

/// The lines of one job's log, in `STATE/logs/<job>.log`.
///
/// `@unchecked Sendable`: what changes belongs to `queue`, which all logs share.
final class JobLog: @unchecked Sendable {
    private static let queue = DispatchQueue(label: "job-log")
    private static let openLogs = OpenLogs()
    /// Size at which a log takes no more lines: 100,000 of them, more than anybody reads.
    static let limitBytes: Int64 = 16 << 20
    /// Size at which it takes no more reports of workers: what happens to the job has room beyond.
    static let reportLimitBytes: Int64 = 12 << 20

    let path: String
    private var hasFailed = false
    private var isFull = false
    /// As far as is known here; a log that goes on is as long as its first new line says.
    private var endOffset: Int64 = 0

    init(path: String) { self.path = path }

    /// Appends a line; one about a task bears it, so that ``read(_:_:_:)`` finds it.
    func write(_ message: String, task: TaskID? = nil) {
        write(about: task.map { "[\($0.step.index)/\($0.index)] " } ?? "") { [message] }
    }

    /// Appends what a worker reports of an attempt at a task, as long as there is room for it.
    ///
    /// `messages` is asked for it on the log's thread, and not at all where there is none.
    func writeReport(task: TaskID, _ messages: @escaping @Sendable () -> [String]) {
        let about = "[\(task.step.index)/\(task.index)] \(LogSelection.reportWord) "
        write(about: about, limitBytes: Self.reportLimitBytes, messages)
    }

    private func write(
        about: String,
        limitBytes: Int64 = JobLog.limitBytes,
        _ messages: @escaping @Sendable () -> [String]
    ) {
        let time = EventLoop.wallTime()
        Self.queue.async { [self] in
            guard !isFull, endOffset <= limitBytes else { return }
            let start = "\(time.rfc3339) \(about)"
            let lines = messages().map { "\(start)\(LogText.escaped($0))\n" }
            do throws(StorageError) {
                try append(Array(lines.joined().utf8))
            } catch {
                if !hasFailed { CoordinatorLog.write("a job's log is incomplete: \(error)") }
                hasFailed = true
            }
        }
    }

    /// Waits until all lines are written; for the end of the process.
    static func drain() { queue.sync {} }

    /// Removes logs of jobs that are forgotten, after the lines that are still to be written.
    static func remove(
        _ paths: [String],
        loop: EventLoop,
        _ completion: @escaping () -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        queue.async {
            for path in paths where Directory.exists(path: path) {
                openLogs.forget(path)
                removeQuietly(path)
            }
            loop.execute { answer.value() }
        }
    }

    /// Bytes of a log that are read at a time, and the most that a reader gets: the last ones.
    private static let pieceBytes = 1 << 20
    private static let readBytes = 4 << 20

    /// Calls `body`, on the log's thread, with the lines about a subject that were written so far.
    static func read(
        _ path: String,
        _ subject: LogSelection.Subject,
        _ body: @escaping @Sendable ([UInt8]) -> Void
    ) {
        queue.async {
            var selection = LogSelection(subject, limitBytes: readBytes)
            var offset: Int64 = 0
            if let file = try? File.open(readingFrom: path) {
                while let piece = try? file.read(pieceBytes, at: offset), !piece.isEmpty {
                    selection.append(piece)
                    offset += Int64(piece.count)
                }
            }
            body(selection.bytes)
        }
    }

    private func append(_ lines: [UInt8]) throws(StorageError) {
        let end = try Self.openLogs.append(lines, to: path)
        endOffset = end
        guard end > Self.limitBytes else { return }
        isFull = true
        _ = try Self.openLogs.append(Array("the log is full: no more lines\n".utf8), to: path)
    }
}

/// The logs that lines were written to lately, kept open.
///
/// `@unchecked Sendable`: belongs to the logs' queue.
private final class OpenLogs: @unchecked Sendable {
    /// Jobs that wait have logs, too: there may be more of them than a process may have files open.
    private static let limit = 64

    private var files: [String: (file: File, endOffset: Int64)] = [:]

    /// Writes at the end of the log and returns how long it is.
    func append(_ line: [UInt8], to path: String) throws(StorageError) -> Int64 {
        let log = if let known = files[path] { known } else { try open(path) }
        try log.file.write(line, at: log.endOffset)
        files[path] = (log.file, log.endOffset + Int64(line.count))
        return log.endOffset + Int64(line.count)
    }

    func forget(_ path: String) { files[path] = nil }

    /// A job that goes on after a restart keeps its lines.
    private func open(_ path: String) throws(StorageError) -> (file: File, endOffset: Int64) {
        if files.count >= Self.limit { files.removeAll() }
        let file = try File.open(extending: path)
        return (file, try file.identity().sizeBytes)
    }
}
