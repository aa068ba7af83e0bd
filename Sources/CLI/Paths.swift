import Glibc

/// Paths as the user writes them.
package enum Paths {
    /// The absolute path, without `.` and `..` and doubled slashes; it need not exist.
    package static func absolute(_ path: String, in folder: String) -> String {
        var parts: [Substring] = []
        let whole = path.hasPrefix("/") ? path : folder + "/" + path
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    package static func absolute(_ path: String) -> String {
        absolute(path, in: currentFolder)
    }

    /// Whether a JOB argument is a file rather than a name.
    package static func isJobFile(_ text: String) -> Bool {
        text.contains("/") || text.hasSuffix(".yaml") || text.hasSuffix(".yml")
    }

    private static var currentFolder: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
