import Base
import Dispatch
import Storage
import Transport

/// The lines of one job's log, in `STATE/logs/<job>.log`.
///
/// `@unchecked Sendable`: the file belongs to `queue`, which all logs share.
final class JobLog: @unchecked Sendable {
    private static let queue = DispatchQueue(label: "job-log")

    let path: String
    private var file: (file: File, endOffset: Int64)?
    private var hasFailed = false

    init(path: String) { self.path = path }

    func write(_ message: String) {
        let line = Array("\(EventLoop.wallTime().rfc3339) \(message)\n".utf8)
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
            for path in paths where Directory.exists(path: path) { removeQuietly(path) }
            loop.execute { answer.value() }
        }
    }

    /// Bytes of a log that are read, those at its end.
    private static let readBytes: Int64 = 4 << 20

    /// Calls `body`, on the log's thread, with the end of what was written so far.
    static func read(_ path: String, _ body: @escaping @Sendable ([UInt8]) -> Void) {
        queue.async {
            guard let file = try? File.open(readingFrom: path), let identity = try? file.identity()
            else { return body([]) }
            let start = max(0, identity.sizeBytes - readBytes)
            body((try? file.read(Int(identity.sizeBytes - start), at: start)) ?? [])
        }
    }

    private func append(_ line: [UInt8]) throws(StorageError) {
        if file == nil {
            // A job that goes on after a restart keeps its lines.
            let opened = try File.open(extending: path)
            file = (opened, try opened.identity().sizeBytes)
        }
        guard let (file, offset) = file else { return }
        try file.write(line, at: offset)
        self.file?.endOffset += Int64(line.count)
    }
}
