import Base
import Glibc

/// Files and paths that a configuration names.
enum ConfigurationFile {
    /// The text of a file; it must be a regular one, UTF-8 and within `YAMLLimits.fileSizeBytes`.
    static func read(_ path: String) throws(ConfigurationError) -> String {
        let bytes = try readBytes(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw location(ofInvalidUTF8In: bytes, file: path).error("not UTF-8; save it as UTF-8")
        }
        return text
    }

    private static func readBytes(_ path: String) throws(ConfigurationError) -> [UInt8] {
        let file = SourceLocation(file: path)
        // Non-blocking, so that opening a FIFO by mistake returns and is refused below.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw file.error("cannot be opened: \(errnoText())") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw file.error("is not a regular file")
        }
        // One byte more than allowed, so that a file over the limit shows itself.
        var bytes = [UInt8](repeating: 0, count: YAMLLimits.fileSizeBytes + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(
                    descriptor,
                    buffer.baseAddress?.advanced(by: filled),
                    buffer.count - filled
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw file.error("cannot be read: \(errnoText())") }
            if count == 0 { break }
            filled += count
        }
        guard filled <= YAMLLimits.fileSizeBytes else {
            throw file.error("is longer than \(YAMLLimits.fileSizeBytes) bytes; no more are read")
        }
        return Array(bytes.prefix(filled))
    }

    /// The names of the job files right in a directory, sorted.
    static func jobFiles(in directory: String) throws(ConfigurationError) -> [String] {
        guard let stream = opendir(directory) else {
            throw SourceLocation(file: directory).error(
                "the job files in it cannot be listed: \(errnoText()); "
                    + "correct 'jobs' in cluster.yaml or make the folder"
            )
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The folder of a file as an absolute path.
    static func directory(of path: String) throws(ConfigurationError) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) + "/" } ?? ""
        return absolute(folder, in: try currentDirectory())
    }

    static func currentDirectory() throws(ConfigurationError) -> String {
        guard let path = getcwd(nil, 0) else {
            throw SourceLocation(file: ".").error("no current folder: \(errnoText())")
        }
        defer { free(path) }
        return String(cString: path)
    }

    /// `path` counted from `base`, without `.` and empty components.
    ///
    /// `..` stays: behind a symbolic link only the kernel knows what it means.
    static func absolute(_ path: String, in base: String) -> String {
        let whole = path.hasPrefix("/") ? path : base + "/" + path
        let components = whole.split(separator: "/").filter { $0 != "." }
        return "/" + components.joined(separator: "/")
    }

    private static func location(ofInvalidUTF8In bytes: [UInt8], file: String) -> SourceLocation {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var (line, column) = (1, 1)
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        return SourceLocation(file: file, line: line, column: column)
    }

    private static func errnoText() -> String { String(cString: strerror(errno)) }
}
