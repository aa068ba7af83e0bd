import Glibc

/// A process of this machine as /proc shows it (proc(5)).
///
/// Its id is an `Int32` here and not a `pid_t`: which of the C modules declares that, and would have
/// to be imported for others to see, differs from build to build.
package struct ProcessEntry: Equatable, Sendable {
    package let pid: Int32
    /// Clock ticks from the machine's start to the process's: with the pid, it names a process for
    /// good, as a pid alone, which is used again, does not.
    package let startTicks: UInt64

    /// The process of that id; nil where there is none or it is a zombie.
    package init?(pid: Int32) {
        guard pid > 0, let text = FileText.read("/proc/\(pid)/stat"),
            let ticks = Self.startTicks(stat: text)
        else { return nil }
        self.pid = pid
        startTicks = ticks
    }

    /// Field 22 of /proc/PID/stat; nil for a zombie, which runs no more.
    ///
    /// The name in field 2 may hold blanks and parentheses: count from behind the last of them.
    package static func startTicks(stat: String) -> UInt64? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split { $0 == " " || $0 == "\n" }
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }

    /// The words it was started with.
    package var commandLine: [String] {
        (FileText.read("/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
    }

    package var isAlive: Bool { ProcessEntry(pid: pid) == self }

    /// Sends a signal; to one that is gone by now, nothing happens.
    package func send(_ signal: Int32) {
        if isAlive { kill(pid, signal) }
    }
}

/// Small files, read whole.
package enum FileText {
    /// The content as text; nil where it cannot be read.
    package static func read(_ path: String) -> String? {
        // Files of /proc tell no size: read until the end.
        guard let bytes = readBytes(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readBytes(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += buffer[..<count]
        }
    }
}
