import CLinux
import Glibc
import Identity
import Storage

/// A text that a process to be started finds on its standard input, through a pipe.
final class ProcessInput {
    /// The end that the process reads from.
    let descriptor: Int32

    /// The text must fit into a pipe, where it lies until it is read, or until all its readers end.
    init(_ text: Secret) throws(StorageError) {
        var ends: [Int32] = [-1, -1]
        guard otcluster_pipe(&ends) == 0 else {
            throw .system(operation: "create", path: "a pipe", errno: errno)
        }
        descriptor = ends[0]
        defer { close(ends[1]) }
        // So much a pipe always takes at once (pipe(7), PIPE_BUF).
        let (count, size) = text.withBytes { bytes in
            precondition(bytes.count <= PIPE_BUF, "\(bytes.count) bytes may not fit into a pipe")
            return (write(ends[1], bytes, bytes.count), bytes.count)
        }
        guard count == size else {
            let code = errno
            throw .system(operation: "write", path: "a pipe", errno: code)
        }
    }

    deinit { close(descriptor) }
}
