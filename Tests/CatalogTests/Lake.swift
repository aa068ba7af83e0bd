import Base
import Catalog
import Columns
import Storage
import TestSupport
import Testing

/// A table store in a folder of its own, and what tests do with it.
struct Lake {
    let folder: String
    var catalogPath: String { folder + "/catalog.sqlite" }
    var dataPath: String { folder + "/data/" }

    /// An empty store, which its user removes.
    static func temporary() throws -> Lake {
        let folder = try makeTemporaryFolder()
        try Directory.create(path: folder + "/data")
        return Lake(folder: folder)
    }

    func remove() {
        do { try Directory.removeTree(path: folder) } catch { Issue.record(error) }
    }

    /// Runs `body` with an empty store, which is removed afterwards.
    static func with(_ body: (Lake) throws -> Void) throws {
        let lake = try temporary()
        defer { lake.remove() }
        try body(lake)
    }

    /// The coordinator that tests publish as.
    static let reign = Reign(jobStore: "0123456789abcdef", epoch: 1)

    func open() throws -> Catalog {
        let catalog = try Catalog(path: catalogPath, dataPath: dataPath)
        try catalog.claim(Self.reign)
        return catalog
    }

    func run(_ operations: [Operation]) throws -> [Answer] {
        try Reader.run(catalog: catalogPath, folder: folder, operations)
    }

    /// Expects that DuckDB answers each query with the given rows, which are sorted by the query.
    func expect(
        _ queries: [(sql: String, rows: [[String?]])],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let answers = try run(queries.map { .query($0.sql) })
        for (query, answer) in zip(queries, answers) {
            #expect(
                answer == .rows(query.rows),
                "\(query.sql)",
                sourceLocation: sourceLocation
            )
        }
    }

    /// Makes DuckDB change the store.
    func execute(_ statements: String...) throws {
        for answer in try run(statements.map { .execute($0) }) {
            if case .error(let text) = answer { Issue.record("DuckDB: \(text)") }
        }
    }

    /// Writes the rows as one Parquet file where the plan says, with exact statistics.
    func segment(
        _ plan: TablePlan,
        _ fileName: String,
        _ rows: [[Cell]]
    ) throws -> SegmentRecord {
        let columns = zip(plan.columns, plan.columnIDs).map { column, ids in
            Operation.Column(
                name: column.name,
                type: Self.typeName(column.type.storage),
                id: ids.column,
                element: ids.element
            )
        }
        let operation = Operation(
            kind: "parquet",
            path: plan.directory + fileName,
            columns: columns,
            rows: rows
        )
        guard case .file(let size, let footer) = try run([operation])[0] else {
            throw Reader.Failure(description: "no Parquet file")
        }
        return SegmentRecord(
            fileName: fileName,
            rowCount: Int64(rows.count),
            sizeBytes: size,
            footerSizeBytes: footer,
            statistics: plan.columns.indices.map { index in
                .of(rows.map { $0[index] })
            }
        )
    }

    private static func typeName(_ storage: ColumnStorage) -> String {
        storage == .stringList ? "list" : "\(storage)"
    }
}

extension ColumnStatistics {
    /// Statistics of cells of one column.
    static func of(_ cells: [Cell]) -> ColumnStatistics {
        var statistics = ColumnStatistics()
        for cell in cells {
            let bounds: [ColumnBound] =
                switch cell {
                case .text(let value): [.text(Array(value.utf8))]
                case .integer(let value): [.integer(value)]
                case .double(let value): [.double(value)]
                case .boolean(let value): [.boolean(value)]
                case .list(let values): values.map { .text(Array($0.utf8)) }
                case .null: []
                }
            for bound in bounds {
                statistics.merge(
                    ColumnStatistics(valueCount: 1, minimum: bound, maximum: bound)
                )
            }
            if bounds.isEmpty { statistics.merge(ColumnStatistics(nullCount: 1)) }
        }
        return statistics
    }
}

extension Catalog {
    /// Publishes tables and views with what tests do not care about filled in.
    @discardableResult
    func publish(
        key: String,
        _ tables: [TablePublication],
        views: [ViewPublication] = [],
        compactions: [Compaction] = [],
        restorations: [Restoration] = [],
        droppedTables: [TableName] = [],
        dropped: [ViewName] = [],
        schemaVersion: Int64? = nil,
        reign: Reign = Lake.reign,
        job: JobID = JobID(1),
        seconds: Int64 = 1_800_000_000
    ) throws(CatalogError) -> PublishOutcome {
        let publication = Publication(
            commitKey: key,
            reign: reign,
            job: job,
            author: "otcluster",
            message: "load",
            extraInfo: #"{"job":"\#(key)"}"#,
            tables: tables,
            views: views,
            compactions: compactions,
            restorations: restorations,
            droppedTables: droppedTables,
            droppedViews: dropped,
            schemaVersion: schemaVersion
        )
        return try publish(publication, at: WallTime(microseconds: seconds * 1_000_000 + 250_000))
    }
}

/// A small table with one column of each storage.
let allColumns = [
    ColumnDeclaration(name: "id", type: .string, isRequired: true),
    ColumnDeclaration(name: "small", type: .int32),
    ColumnDeclaration(name: "large", type: .int64),
    ColumnDeclaration(name: "ratio", type: .float64),
    ColumnDeclaration(name: "isAdult", type: .boolean),
    ColumnDeclaration(name: "day", type: .date),
    ColumnDeclaration(name: "moment", type: .timestamp),
    ColumnDeclaration(name: "genres", type: .list(separator: 44)),
]

let twoColumns = [
    ColumnDeclaration(name: "name", type: .string),
    ColumnDeclaration(name: "number", type: .int32),
]

/// Rows of `twoColumns`.
func numbered(_ numbers: ClosedRange<Int64>) -> [[Cell]] {
    numbers.map { [.text("n\($0)"), .integer($0)] }
}
