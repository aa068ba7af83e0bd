import Columns
import Glibc
import Jobs
import Storage
import TestSupport
import Testing

/// The repository's root, from this file's place in it.
let repositoryRoot = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// The error that parsing a job file ends with; nil where it is accepted.
func jobError(_ text: String) -> ConfigurationError? {
    do {
        _ = try JobFile.parse(text: text, file: "job.yaml")
        return nil
    } catch {
        return error
    }
}

/// The error that parsing a `cluster.yaml` ends with; nil where it is accepted.
func clusterError(_ text: String) -> ConfigurationError? {
    do {
        _ = try ClusterConfiguration.parse(
            text: text,
            file: "cluster.yaml",
            baseDirectory: "/base"
        )
        return nil
    } catch {
        return error
    }
}

/// A job file with one line replaced or added: `key: value`, each key on a line of its own.
///
/// Lines: 1 job, 2 input, 3 table, 4 columns, 5 to 7 the columns id, tags and note, 8 what is added.
func jobText(_ changes: String...) -> String {
    var lines = [
        "job: sales", "input: sales.tsv.gz", "table: sales", "columns:",
        "  - {name: id, type: int64, required: true}",
        "  - {name: tags, type: list<string>, separator: \",\"}",
        "  - {name: note, type: string}",
    ]
    for change in changes {
        let key = change.prefix { $0 != ":" } + ":"
        if let index = lines.firstIndex(where: { $0.hasPrefix(key) }) {
            lines[index] = change
        } else {
            lines.append(change)
        }
    }
    return lines.joined(separator: "\n") + "\n"
}

/// A job file with these columns, each the inside of a flow mapping, from line 5 on.
func jobText(columns first: String, _ others: String...) -> String {
    let lines = ([first] + others).map { "  - {\($0)}\n" }.joined()
    return "job: sales\ninput: sales.tsv.gz\ntable: sales\ncolumns:\n" + lines
}

/// The declaration of a job file that loads a table.
func declaration(_ text: String) throws -> JobDeclaration {
    guard case .table(let job) = try JobFile.parse(text: text, file: "job.yaml") else {
        throw FixtureError.notATable
    }
    return job
}

enum FixtureError: Error {
    case notATable
    case system(String)
}

/// A folder that is removed with this object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = try makeTemporaryFolder()
    }

    /// Writes a file into the folder and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        guard let stream = fopen(file, "w") else { throw FixtureError.system("fopen") }
        let written = fwrite(bytes, 1, bytes.count, stream)
        guard fclose(stream) == 0, written == bytes.count else {
            throw FixtureError.system("fwrite")
        }
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    func makeFolder(_ name: String) throws -> String {
        guard mkdir(path + "/" + name, 0o700) == 0 else { throw FixtureError.system("mkdir") }
        return path + "/" + name
    }

    deinit { #expect(throws: Never.self) { try Directory.removeTree(path: path) } }
}

/// The names in a folder, sorted, without `.` and `..`.
func folderContents(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// The text of a small file.
func contents(_ path: String) throws -> String {
    guard let stream = fopen(path, "r") else { throw FixtureError.system("fopen \(path)") }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, stream)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}
