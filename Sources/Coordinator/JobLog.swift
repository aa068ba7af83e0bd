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

    let path: String
    private var hasFailed = false
    private var isFull = false

    init(path: String) { self.path = path }

    /// Appends a line; one about a task bears it, so that ``read(_:task:_:)`` finds it.
    func write(_ message: String, task: TaskID? = nil) {
        let about = task.map { "[\($0.step.index)/\($0.index)] " } ?? ""
        let text = message.replacing("\n", with: " ")
        let line = Array("\(EventLoop.wallTime().rfc3339) \(about)\(text)\n".utf8)
        Self.queue.async { [self] in
            do throws(StorageError) {
                try append(line)
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

    /// Bytes of a log that are read, those at its end.
    private static let readBytes: Int64 = 4 << 20

    /// Calls `body`, on the log's thread, with the end of what was written so far.
    ///
    /// With a task, as `STEP/CHUNK`, only with the lines that are about it.
    static func read(
        _ path: String,
        task: String? = nil,
        _ body: @escaping @Sendable ([UInt8]) -> Void
    ) {
        queue.async {
            guard let file = try? File.open(readingFrom: path), let identity = try? file.identity()
            else { return body([]) }
            let start = max(0, identity.sizeBytes - readBytes)
            let bytes = (try? file.read(Int(identity.sizeBytes - start), at: start)) ?? []
            body(task.map { lines(of: bytes, about: $0) } ?? bytes)
        }
    }

    /// Lines whose second word is the task in brackets.
    static func lines(of bytes: [UInt8], about task: String) -> [UInt8] {
        let mark = Array("[\(task)]".utf8)
        let lines = bytes.split(separator: UInt8(ascii: "\n")).filter { line in
            line.split(separator: UInt8(ascii: " "), maxSplits: 2).dropFirst().first
                .map { $0.elementsEqual(mark) } ?? false
        }
        return lines.flatMap { Array($0) + [UInt8(ascii: "\n")] }
    }

    private func append(_ line: [UInt8]) throws(StorageError) {
        guard !isFull else { return }
        let end = try Self.openLogs.append(line, to: path)
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
