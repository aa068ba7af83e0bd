import Base
import Glibc
import Storage
import Transport

/// Lines on standard error, which `otjob up` keeps in `STATE/coordinator.log`.
enum CoordinatorLog {
    /// Size at which the file is turned: weeks of a busy cluster, and read in a moment.
    static let limitBytes: Int64 = 16 << 20

    static func write(_ message: String) {
        let line = "\(EventLoop.wallTime().rfc3339) coordinator[\(getpid())] \(message)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    /// Keeps a log that has grown large as `<path>.1`, in place of the one before, and empties it.
    ///
    /// Coordinator and workers append to the same open file, so it cannot be renamed. Lines that
    /// come between the copy and the emptying are lost.
    static func turn(_ path: String, limitBytes: Int64 = limitBytes) {
        guard let file = try? File.open(readingFrom: path),
            let size = try? file.identity().sizeBytes, size > limitBytes
        else { return }
        do throws(StorageError) {
            let old = try File.create(path: path + ".1", exclusive: false)
            try old.copy(from: file, at: 0, count: size, to: 0)
            _ = try File.create(path: path, exclusive: false)
        } catch {
            write("\(path) goes on growing: \(error)")
        }
    }
}
