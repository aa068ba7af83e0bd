import FoundationEssentials
import Glibc
import Testing

/// A value in a test row; dates are days, timestamps microseconds.
enum Cell: Encodable {
    case text(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case list([String])
    case null

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .null: try container.encodeNil()
        }
    }
}

/// What `Readers/lake.py` is asked to do.
struct Operation: Encodable {
    struct Column: Encodable {
        let name: String
        let type: String
        let id: Int32
        let element: Int32?
    }

    var kind: String
    var sql: String?
    var path: String?
    var data: String?
    var columns: [Column]?
    var rows: [[Cell]]?

    static func query(_ sql: String) -> Operation { Operation(kind: "query", sql: sql) }
    static func execute(_ sql: String) -> Operation { Operation(kind: "execute", sql: sql) }
}

/// What it answered to one operation.
enum Answer: Decodable, Equatable {
    case rows([[String?]])
    case file(size: Int64, footer: Int64)
    case error(String)

    private enum Key: CodingKey { case size, footer, error }

    init(from decoder: any Decoder) throws {
        if let rows = try? [[String?]](from: decoder) {
            self = .rows(rows)
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        if let error = try container.decodeIfPresent(String.self, forKey: .error) {
            self = .error(error)
        } else {
            self = .file(
                size: try container.decode(Int64.self, forKey: .size),
                footer: try container.decode(Int64.self, forKey: .footer)
            )
        }
    }
}

/// DuckDB and pyarrow, which judge what the catalog says; one run of Python for each call.
enum Reader {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct Request: Encodable {
        let catalog: String
        let operations: [Operation]
    }

    static func run(
        catalog: String,
        folder: String,
        _ operations: [Operation]
    ) throws -> [Answer] {
        let request = folder + "/request.json"
        let data = try JSONEncoder().encode(Request(catalog: catalog, operations: operations))
        try data.write(to: URL(filePath: request))
        let script = String(#filePath.dropLast("Reader.swift".count)) + "Readers/lake.py"
        let output = try run([try python(), script, request])
        return try JSONDecoder().decode([Answer].self, from: output)
    }

    private static func python() throws -> String {
        let named = getenv("OTJOB_TEST_PYTHON").map { String(cString: $0) }
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        let path = named ?? home + "/.cache/otcluster/venv/bin/python"
        guard access(path, X_OK) == 0 else {
            throw Failure(
                description: "no Python at \(path): run ./scripts/setup, which makes the"
                    + " environment of the foreign readers, or set OTJOB_TEST_PYTHON"
            )
        }
        return path
    }

    /// Runs a program and returns its standard output.
    private static func run(_ words: [String]) throws -> Data {
        let command = words.map { "'\($0)'" }.joined(separator: " ")
        guard let pipe = popen(command, "r") else {
            throw Failure(description: "cannot start \(command)")
        }
        var output = Data()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            output.append(contentsOf: buffer[..<count])
        }
        let status = pclose(pipe)
        guard status == 0 else {
            throw Failure(description: "\(command) ended with status \(status)")
        }
        return output
    }
}
