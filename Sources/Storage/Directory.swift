import Glibc

/// Names in the file system: folders, and files seen from outside.
///
/// All calls block. What changes a name is durable only after `synchronize` of the folder that
/// holds it (fsync(2)); `create` does that by itself.
package enum Directory {
    /// Creates a folder and those above it, each durably; existing ones are fine.
    package static func create(path: String) throws(StorageError) {
        if isFolder(path) { return }
        let parent = parent(of: path)
        if parent != path { try create(path: parent) }
        do throws(StorageError) {
            _ = try systemCall("create folder", path, changing: .create) { mkdir(path, 0o755) }
        } catch {
            // Somebody else may have made the folder in the meantime.
            guard error.alreadyExists, isFolder(path) else { throw error }
            return
        }
        try synchronize(path: parent)
    }

    /// The names in a folder without `.` and `..`, sorted by their bytes.
    package static func list(path: String) throws(StorageError) -> [String] {
        guard let stream = opendir(path) else {
            throw .system(operation: "list", path: path, errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let number = errno
                guard number == 0 else {
                    throw .system(operation: "list", path: path, errno: number)
                }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                UnsafeRawPointer(field).withMemoryRebound(to: CChar.self, capacity: 256) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Makes the names in a folder survive a power loss.
    package static func synchronize(path: String) throws(StorageError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let descriptor = try systemCall("open folder", path) { open(path, flags) }
        defer { close(descriptor) }
        _ = try systemCall("fsync", path, changing: .synchronize) { fsync(descriptor) }
    }

    /// Removes a file; a missing one is an error.
    package static func remove(path: String) throws(StorageError) {
        _ = try systemCall("remove", path, changing: .remove) { unlink(path) }
    }

    /// Removes a folder with all below it, or a file.
    ///
    /// Symbolic links are removed, never followed; what is missing already counts as removed.
    package static func removeTree(path: String) throws(StorageError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let number = errno
            if number == ENOENT { return }
            throw .system(operation: "remove", path: path, errno: number)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path: path) }
        for name in try list(path: path) { try removeTree(path: path + "/" + name) }
        _ = try systemCall("remove folder", path, changing: .remove) { rmdir(path) }
    }

    /// Gives a file or folder another name, atomically; a file of that name is replaced.
    package static func rename(from source: String, to target: String) throws(StorageError) {
        let operation = "rename \(source) to"
        _ = try systemCall(operation, target, changing: .rename) { Glibc.rename(source, target) }
    }

    /// Gives a file a second name on its file system; whoever removes one leaves the other.
    package static func link(from source: String, to target: String) throws(StorageError) {
        let operation = "link \(source) to"
        _ = try systemCall(operation, target, changing: .create) { Glibc.link(source, target) }
    }

    /// Whether there is a file or folder of this name.
    package static func exists(path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether this process may write the file, or create files in the folder.
    package static func isWritable(path: String) -> Bool { access(path, W_OK) == 0 }

    /// Space left on the file system of `path` for users other than root, in bytes.
    package static func freeSpaceBytes(path: String) throws(StorageError) -> Int64 {
        var status = statvfs()
        _ = try systemCall("measure free space of", path) { statvfs(path, &status) }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// Size of the file system of `path` in bytes.
    package static func capacityBytes(path: String) throws(StorageError) -> Int64 {
        var status = statvfs()
        _ = try systemCall("measure", path) { statvfs(path, &status) }
        return Int64(clamping: UInt64(status.f_blocks) * UInt64(status.f_frsize))
    }

    /// The absolute path without symbolic links, `.` and `..`; all of it must exist.
    package static func realPath(_ path: String) throws(StorageError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw .system(operation: "resolve", path: path, errno: errno)
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The folder that holds `path`: `.` for a bare name, `/` for what lies at the root.
    package static func parent(of path: String) -> String {
        var rest = Substring(path)
        while rest.count > 1, rest.hasSuffix("/") { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        let parent = rest[..<slash]
        return parent.isEmpty ? "/" : String(parent)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
