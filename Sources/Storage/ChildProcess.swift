import CLinux
import Glibc

/// Starts other programs, and this one again.
///
/// A child inherits the environment and the current folder; its signals are as they are by default. No
/// shell is ever between: arguments arrive as they are given here.
package enum ChildProcess {
    /// Where what a child prints goes.
    package enum Output: Sendable {
        /// Where our own goes.
        case ours
        /// To the end of a file, which is made where it is missing.
        case file(String)
        case descriptor(Int32)
    }

    /// Where what a child reads comes from.
    package enum Input: Sendable {
        case none
        case descriptor(Int32)
    }

    /// This program.
    package static let thisProgram = "/proc/self/exe"

    /// Starts a program, which is looked for in PATH where its name has no slash.
    ///
    /// `arguments` are all words of the command line; the first is what the child is called.
    /// `inNewSession`: neither Ctrl-C nor the end of the terminal reaches it, and it leads a process
    /// group of its own. `handover`: the child's end of a way to share memory, if it has one.
    package static func start(
        _ program: String,
        _ arguments: [String],
        inNewSession: Bool,
        input: Input = .none,
        handover: Int32? = nil,
        output: Output = .ours,
        errors: Output = .ours
    ) throws(StorageError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        switch input {
        case .none:
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        case .descriptor(let descriptor):
            posix_spawn_file_actions_adddup2(&actions, descriptor, STDIN_FILENO)
        }
        if let handover {
            posix_spawn_file_actions_adddup2(&actions, handover, MemoryHandover.childDescriptor)
        }
        for (target, output) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            switch output {
            case .ours: break
            case .file(let path):
                let flags = O_WRONLY | O_CREAT | O_APPEND
                posix_spawn_file_actions_addopen(&actions, target, path, flags, 0o644)
            case .descriptor(let descriptor):
                posix_spawn_file_actions_adddup2(&actions, descriptor, target)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let session = inNewSession ? Int32(OTCLUSTER_SPAWN_NEW_SESSION) : 0
        let flags = session | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))
        // A signal that is ignored here, or blocked as on the threads of queues, would be so there.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)

        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var pid: Int32 = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, words, environ)
        guard code == 0 else { throw .system(operation: "start", path: program, errno: code) }
        return pid
    }
}
