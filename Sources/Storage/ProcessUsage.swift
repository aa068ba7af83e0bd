import CLinux
import Glibc

/// What the process uses, as Linux counts it: getrusage(2), getrlimit(2), proc(5).
package struct ProcessUsage: Sendable {
    /// In the program and in the kernel, of all threads.
    package let cpuTime: Duration
    package let residentBytes: Int64
    package let openFiles: Int
    package let openFilesLimit: Int

    /// Nil where /proc cannot be read.
    package static func current() -> ProcessUsage? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0,
            let status = FileText.read("/proc/self/status"),
            let resident = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = resident.split(separator: " ").dropLast().last.flatMap({ Int64($0) }),
            let descriptors = try? Directory.list(path: "/proc/self/fd")
        else { return nil }
        return ProcessUsage(
            cpuTime: Duration(usage.ru_utime) + Duration(usage.ru_stime),
            residentBytes: kibibytes << 10,
            // The listing itself has one open.
            openFiles: descriptors.count - 1,
            openFilesLimit: OpenFiles.allow(0)
        )
    }
}

extension Duration {
    fileprivate init(_ time: timeval) {
        self = .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
    }
}
