import Glibc

/// A file that appears whole under its name: written beside it, then renamed.
///
/// Not synced: a sample can be made again.
final class OutputFile {
    private let path: String
    private let partialPath: String
    private let descriptor: Int32

    init(path: String) throws(SampleError) {
        self.path = path
        partialPath = path + ".partial"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("open", partialPath) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SampleError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw Self.failure("write", partialPath)
            }
        }
    }

    /// Gives the file its name.
    func publish() throws(SampleError) {
        guard rename(partialPath, path) == 0 else { throw Self.failure("rename", partialPath) }
    }

    /// Makes a folder and those above it, where they are missing.
    static func createDirectory(_ path: String) throws(SampleError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            prefix += component + "/"
            guard mkdir(prefix, 0o755) == 0 || errno == EEXIST else {
                throw failure("mkdir", prefix)
            }
        }
    }

    private static func failure(_ name: String, _ path: String) -> SampleError {
        let code = errno
        return .fileOperation(
            name: name,
            path: path,
            code: code,
            reason: String(cString: strerror(code))
        )
    }
}
