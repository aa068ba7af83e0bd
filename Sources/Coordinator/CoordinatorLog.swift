import Base
import Glibc
import Transport

/// Lines on standard error, which `otjob up` keeps in `STATE/coordinator.log`.
enum CoordinatorLog {
    static func write(_ message: String) {
        let line = "\(EventLoop.wallTime().rfc3339) coordinator[\(getpid())] \(message)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
