import Base
import Columns
import FoundationEssentials
import Glibc
import Parquet
import Testing

/// Rows of one row group, column by column.
typealias TestRows = [TestColumn]

/// Encodes rows as a worker does.
func encodeRowGroup(
    _ rows: TestRows,
    sortColumns: [Int] = [],
    batchRows: Int = 4000,
    encoder reused: RowGroupEncoder? = nil
) throws -> (payload: [UInt8], metadata: RowGroupMetadata) {
    let encoder =
        reused
        ?? RowGroupEncoder(columns: rows.map(\.declaration), sortColumns: sortColumns)
    let count = rows.first?.count ?? 0
    var text: [UInt8] = []
    var batches: [[ColumnBatch]] = []
    for start in stride(from: 0, to: count, by: batchRows) {
        let range = start..<min(count, start + batchRows)
        batches.append(
            rows.map { column in
                let batch = ColumnBatch(storage: column.type.storage)
                column.fill(batch, range, text: &text)
                return batch
            }
        )
    }
    let size = text.count
    text.append(contentsOf: repeatElement(0xEE, count: Limits.textSlackBytes))
    var payload = ByteBuffer()
    let metadata = try text.withUnsafeBytes { bytes in
        let text = UnsafeRawBufferPointer(rebasing: bytes[..<size])
        for batch in batches { try encoder.append(batch, text: text) }
        return try encoder.finish(into: &payload)
    }
    return (Array(payload.bytes), metadata)
}

/// Puts row groups into a file as a coordinator does, their metadata having gone over the wire.
func assembleSegment(
    _ rowGroups: [(payload: [UInt8], metadata: RowGroupMetadata)],
    columns: [ColumnDeclaration],
    sortColumns: [Int] = [],
    keyValues: [(String, String)] = [("otcluster.job", "7")]
) throws -> (bytes: [UInt8], layout: SegmentLayout) {
    let fieldIDs = columns.map { column in
        let ids = TestColumn.fieldIDs(column.name, column.type)
        return FieldIDs(column: ids[0], element: ids.count > 1 ? ids[1] : nil)
    }
    var layout = SegmentLayout(
        columns: columns,
        fieldIDs: fieldIDs,
        sortColumns: sortColumns,
        keyValues: keyValues
    )
    var bytes = SegmentLayout.header
    for rowGroup in rowGroups {
        let received = try RowGroupMetadata(
            decoding: rowGroup.metadata.encoded(),
            columns: columns
        )
        #expect(received == rowGroup.metadata)
        layout.append(received, at: Int64(bytes.count))
        bytes += rowGroup.payload
        #expect(layout.sizeBytes == Int64(bytes.count))
    }
    bytes += layout.footer().bytes
    return (bytes, layout)
}

/// Writes the row groups to one file and has all readers compare it with them.
func expectReadersAgree(
    _ rowGroups: [TestRows],
    sortColumns: [Int] = [],
    batchRows: Int = 4000,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let first = try #require(rowGroups.first)
    let encoded = try rowGroups.map {
        try encodeRowGroup($0, sortColumns: sortColumns, batchRows: batchRows)
    }
    let columns = first.map(\.declaration)
    let segment = try assembleSegment(encoded, columns: columns, sortColumns: sortColumns)
    let expected = Expected(
        columns: joined(rowGroups),
        rowGroups: encoded.map(\.metadata).filter { $0.rowCount > 0 }.map {
            .init(rowCount: $0.rowCount, isSorted: $0.isSorted)
        },
        sortColumns: sortColumns,
        keyValues: ["otcluster.job": "7"]
    )
    let output = try runReaders(segment.bytes, expected)
    #expect(output.isEmpty, "\(output)", sourceLocation: sourceLocation)
    let footer = try SegmentFooter(fileTail: segment.bytes)
    #expect(footer.rowCount == segment.layout.rowCount)
    #expect(footer.columnNames == columns.map(\.name))
    #expect(footer.rowGroups.map(\.rowCount) == expected.rowGroups.map(\.rowCount))
}

/// The rows of all row groups as one table.
private func joined(_ rowGroups: [TestRows]) -> TestRows {
    rowGroups.dropFirst().reduce(rowGroups[0]) { table, rows in
        zip(table, rows).map { column, more in
            TestColumn(column.name, column.values + more.values, encodings: column.encodings)
        }
    }
}

extension TestColumn.Values {
    fileprivate static func + (left: Self, right: Self) -> Self {
        switch (left, right) {
        case (.strings(let one), .strings(let other)): .strings(one + other)
        case (.lists(let one), .lists(let other)): .lists(one + other)
        case (.int32(let one), .int32(let other)): .int32(one + other)
        case (.int64(let one), .int64(let other)): .int64(one + other)
        case (.doubles(let one), .doubles(let other)): .doubles(one + other)
        case (.booleans(let one), .booleans(let other)): .booleans(one + other)
        case (.dates(let one), .dates(let other)): .dates(one + other)
        case (.timestamps(let one), .timestamps(let other)): .timestamps(one + other)
        default: preconditionFailure("row groups of different tables")
        }
    }
}

/// What check.py compares a file with.
private struct Expected: Encodable {
    struct RowGroup: Encodable {
        let rowCount: Int64
        let isSorted: Bool
    }
    let columns: [TestColumn]
    let rowGroups: [RowGroup]
    let sortColumns: [Int]
    let keyValues: [String: String]
}

private struct ReadersMissing: Error, CustomStringConvertible {
    let description =
        "no python with pyarrow, polars and duckdb: run ./scripts/setup, or name one in"
        + " OTJOB_TEST_PYTHON"
}

/// Runs check.py and returns what it printed: nothing when all is well.
private func runReaders(_ segment: [UInt8], _ expected: Expected) throws -> String {
    let python = try findPython()
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "otcluster-parquet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let (file, json) = (folder.appending(path: "t.parquet"), folder.appending(path: "t.json"))
    try Data(segment).write(to: file)
    try JSONEncoder().encode(expected).write(to: json)
    let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Readers/check.py")
    let words = [python, script.path(), file.path(), json.path()].map { "'\($0)'" }
    let pipe = try #require(popen(words.joined(separator: " ") + " 2>&1", "r"))
    var output: [UInt8] = []
    while case let byte = fgetc(pipe), byte != EOF { output.append(UInt8(byte)) }
    let status = pclose(pipe)
    let text = String(decoding: output, as: UTF8.self)
    return status == 0 ? text : "exit status \(status): \(text)"
}

private func findPython() throws -> String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["OTJOB_TEST_PYTHON"] { return named }
    let usual = (environment["HOME"] ?? "") + "/.cache/otcluster/venv/bin/python"
    guard access(usual, X_OK) == 0 else { throw ReadersMissing() }
    return usual
}
