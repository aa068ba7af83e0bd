import Base
import Glibc
import Storage
import Transport

/// An exclusive lock on the state directory, released by the kernel when the process ends.
///
/// A coordinator that was killed holds it until the kernel has taken its memory and its last
/// threads down, which may be behind a sync; the next one is started within milliseconds. So a
/// held lock is waited for a moment before it is an error. Blocks: for the start of the process.
final class StateLock {
    /// How long a held lock is tried again: the end of a process under load, not a stop by `down`.
    private static let patience = Duration.seconds(2)
    private static let pauseMicroseconds: UInt32 = 5000

    private let descriptor: Int32

    init(path: String, patience: Duration = StateLock.patience) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StorageError.system(operation: "open", path: path, errno: errno)
        }
        let deadline = EventLoop.now() + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard EventLoop.now() < deadline else {
                throw StartError(
                    description: "another coordinator runs on this state (\(path) is locked); "
                        + "end it with otjob down"
                )
            }
            usleep(Self.pauseMicroseconds)
        }
    }

    deinit { close(descriptor) }
}
