import Base
import Catalog
import Columns
import Glibc
import Parquet
import Storage
import TestSupport
import Testing
import Transport

@testable import Coordinator

/// A publisher with an empty table store.
struct SystemTableFixture: Sendable {
    static let reign = Reign(jobStore: "0123456789abcdef", epoch: 3)

    let loop: TestLoop
    let publisher: TablePublisher
    let folder: String

    init(folder: String) throws {
        self.folder = folder
        loop = try TestLoop()
        let catalog = try Catalog(path: folder + "/catalog.sqlite", dataPath: folder + "/")
        try catalog.claim(Self.reign)
        publisher = TablePublisher(catalog: catalog, loop: loop.loop)
    }

    func append(_ rows: SystemRows) throws -> Result<SnapshotID, PublishError> {
        let publisher = publisher
        return try loop.ask { answer in
            publisher.append(rows, reign: Self.reign) { answer($0) }
        }
    }

    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (Catalog) throws(CatalogError) -> Value
    ) throws -> Value {
        let publisher = publisher
        return try loop.ask { answer in publisher.ask(question) { answer($0) } }.get()
    }

    /// Parquet files that lie in the store, whatever the catalog says.
    func files(of table: String) throws -> Set<String> {
        let directory = folder + "/ott/" + table
        guard Directory.exists(path: directory) else { return [] }
        return Set(try Directory.list(path: directory).map { "\(directory)/\($0)" })
    }
}

@Suite("Tables that the coordinator fills itself")
struct SystemTableTests {
    private static let table = SystemTable(
        name: "events",
        columns: [
            ColumnDeclaration(name: "at", type: .timestamp, isRequired: true),
            ColumnDeclaration(name: "what", type: .string),
            ColumnDeclaration(name: "count", type: .int64),
            ColumnDeclaration(name: "share", type: .float64),
            ColumnDeclaration(name: "good", type: .boolean),
            ColumnDeclaration(name: "names", type: .jsonList),
        ]
    )

    private static func rows(_ values: [[SystemValue]], key: String? = nil) -> SystemRows {
        SystemRows(table, rows: values, commitKey: key, message: "events")
    }

    private static let full: [SystemValue] = [
        .timestamp(WallTime(microseconds: 1_800_000_000_000_000)), .text("é"), .integer(7),
        .double(0.5), .boolean(true), .texts(["a", "b"]),
    ]
    private static let empty: [SystemValue] = [
        .timestamp(WallTime(microseconds: 1_700_000_000_000_000)), .null, .null, .null, .null,
        .texts([]),
    ]

    @Test("the first append makes the table, the second adds to it, each in a version of its own")
    func appending() throws {
        try withTemporaryFolder { folder in
            let fixture = try SystemTableFixture(folder: folder)
            let first = try fixture.append(Self.rows([Self.full, Self.empty])).get()
            let second = try fixture.append(Self.rows([Self.full])).get()
            #expect(first < second)
            let tables = try fixture.ask { (catalog) throws(CatalogError) in try catalog.tables() }
            #expect(tables.map(\.table) == ["events"])
            #expect(tables.map(\.rows) == [3])
            let named = try fixture.ask { (catalog) throws(CatalogError) in
                try catalog.filesOfVersions()
            }
            #expect(try fixture.files(of: "events") == named)
        }
    }

    @Test("rows with a key are appended once, rows without one each time")
    func once() throws {
        try withTemporaryFolder { folder in
            let fixture = try SystemTableFixture(folder: folder)
            let key = SystemTableFixture.reign.commitKeyPrefix(JobID(5)) + "events"
            for key in [key, key, nil, nil] {
                _ = try fixture.append(Self.rows([Self.full], key: key)).get()
            }
            let tables = try fixture.ask { (catalog) throws(CatalogError) in try catalog.tables() }
            #expect(tables.map(\.rows) == [3])
        }
    }

    @Test("values of every kind are counted and bounded as they are")
    func statistics() throws {
        var payload = ByteBuffer()
        let rowGroup = try SystemRowEncoder.encode(
            [Self.full, Self.empty],
            columns: Self.table.columns,
            into: &payload
        )
        #expect(rowGroup.rowCount == 2)
        #expect(rowGroup.payloadSizeBytes == Int64(payload.count))
        let statistics = rowGroup.columns.map(\.statistics)
        #expect(statistics.map(\.nullCount) == [0, 1, 1, 1, 1, 1])
        #expect(statistics.map(\.valueCount) == [2, 1, 1, 1, 1, 2])
        #expect(statistics[0].minimum == .integer(1_700_000_000_000_000))
        #expect(statistics[1].maximum == .text(Array("é".utf8)))
        #expect(statistics[3].maximum == .double(0.5))
        #expect(statistics[5].maximum == .text(Array("b".utf8)))
    }

    @Test("a disk that fails leaves rows or nothing", arguments: DiskFault.all)
    func failingDisk(fault: DiskFault) throws {
        try fault.atEachCall { folder, whileFailing in
            let fixture = try SystemTableFixture(folder: folder)
            _ = try fixture.append(Self.rows([Self.full])).get()
            var outcome: Result<SnapshotID, PublishError>?
            try whileFailing { outcome = try fixture.append(Self.rows([Self.empty])) }
            let rows = try fixture.ask { (catalog) throws(CatalogError) in
                try catalog.tables().map(\.rows)
            }
            switch try #require(outcome) {
            case .success: #expect(rows == [2])
            case .failure: #expect(rows == [1])
            }
            let named = try fixture.ask { (catalog) throws(CatalogError) in
                try catalog.filesOfVersions()
            }
            #expect(try named.isSubset(of: fixture.files(of: "events")))
        }
    }
}
