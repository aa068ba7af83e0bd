import Glibc

/// Starts other programs.
package enum Spawn {
    /// How a child ended.
    static func exitCode(ofWaitStatus status: Int32) -> Int32 {
        let signal = status & 0x7f
        // As shells do it: 128 and the signal's number.
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Starts this very program in a session of its own, its output appended to a file.
    static func daemon(
        _ arguments: [String],
        appendingTo log: String
    ) throws(CLIError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A new session: neither Ctrl-C nor the end of the terminal reaches it.
        posix_spawnattr_setflags(&attributes, Int16(sessionFlag | POSIX_SPAWN_SETSIGDEF))
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        return try spawn("/proc/self/exe", arguments, &actions, &attributes)
    }

    /// `POSIX_SPAWN_SETSID` of glibc's spawn.h, which shows it only under _GNU_SOURCE.
    private static let sessionFlag: Int32 = 0x80

    /// Runs a program to its end; returns its exit code and what it wrote to standard error.
    ///
    /// Its standard output is ours.
    package static func run(_ arguments: [String]) throws(CLIError) -> (
        exitCode: Int32, errors: String
    ) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw .failed("no pipe: \(String(cString: strerror(errno)))")
        }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
        let pid: pid_t
        do throws(CLIError) {
            pid = try spawn(arguments[0], arguments, &actions, nil)
        } catch {
            close(ends[1])
            throw error
        }
        close(ends[1])
        let errors = readAll(ends[0])
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return (exitCode(ofWaitStatus: status), errors)
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        _ actions: UnsafePointer<posix_spawn_file_actions_t>,
        _ attributes: UnsafePointer<posix_spawnattr_t>?
    ) throws(CLIError) -> pid_t {
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, actions, attributes, words, environ)
        guard code == 0 else {
            throw .failed("cannot start \(program): \(String(cString: strerror(code)))")
        }
        return pid
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
