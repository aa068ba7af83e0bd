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

    /// Bytes of a log that are read, those at its end.
    private static let readBytes: Int64 = 4 << 20

    /// Calls `body`, on the log's thread, with the end of what was written so far.
    static func read(_ path: String, _ body: @escaping @Sendable ([UInt8]) -> Void) {
        queue.async {
            guard let file = try? File.open(readingFrom: path), let identity = try? file.identity()
            else { return body([]) }
            let start = max(0, identity.sizeBytes - readBytes)
            var bytes = [UInt8](repeating: 0, count: Int(identity.sizeBytes - start))
            let count = try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: start) }
            body(Array(bytes.prefix(count ?? 0)))
        }
    }

    private func append(_ line: [UInt8]) throws(StorageError) {
        if file == nil {
            // A job that goes on after a restart keeps its lines.
            let opened = try File.open(extending: path)
            file = (opened, try opened.identity().sizeBytes)
        }
        guard let (file, offset) = file else { return }
        try Self.write(line, to: file, at: offset)
        self.file?.endOffset += Int64(line.count)
    }

    private static func write(
        _ bytes: [UInt8],
        to file: File,
        at offset: Int64
    ) throws(StorageError) {
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in try file.write(bytes, at: offset) }
        }
        try outcome.get()
    }
}
