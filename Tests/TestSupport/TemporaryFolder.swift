import Glibc
package import Storage

/// Runs `body` with a fresh folder, which is removed afterwards with all that is in it then.
package func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let path = try makeTemporaryFolder()
    let outcome = Result { try body(path) }
    try Directory.removeTree(path: path)
    try outcome.get()
}

/// A fresh folder below `/tmp`, which its user removes.
package func makeTemporaryFolder() throws(StorageError) -> String {
    var template = Array("/tmp/otcluster-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw .system(operation: "create folder", path: "/tmp", errno: errno)
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}
