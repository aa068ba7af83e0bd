import Base
import Columns
import Jobs
import Parquet
import Query

/// What became of one check.
struct CheckResult: Sendable, Equatable {
    let check: CheckDeclaration
    /// Rows that break the rule; of `row_count` the rows, of `distribution` the largest change.
    ///
    /// Nil where the check could not be made.
    var value: Double?
    var threshold: Double?
    var passed: Bool
    /// Values with their places, or why the check could not be made.
    var examples: [String] = []

    /// Whether it keeps the version from being published.
    var refuses: Bool { !passed && check.severity == .error }
}

/// Decides whether rows may become a version: pure.
///
/// Most checks need no look at the rows, for workers have counted nulls, taken bounds, and noted
/// where each row group begins and ends while they encoded it. What that leaves open is a question
/// to DuckDB.
struct QualityGate: Sendable {
    enum Decision: Equatable {
        case decided(CheckResult)
        case open(CheckQuery.Rule)

        var isOpen: Bool { result == nil }

        var result: CheckResult? {
            if case .decided(let result) = self { result } else { nil }
        }
    }

    let job: JobDeclaration
    /// The row groups of the table in the order of its rows.
    let rowGroups: [RowGroupMetadata]
    /// Rows of the version before; nil where there is none.
    let rowsBefore: Int64?

    private var rowCount: Int64 { rowGroups.reduce(0) { $0 + $1.rowCount } }

    func decide(_ check: CheckDeclaration) -> Decision {
        switch check.kind {
        case .unique(let columns):
            let isAlone = job.write == .replace || rowsBefore ?? 0 == 0
            return isAlone && isProvenUnique(columns)
                ? .decided(counted(0, check)) : .open(.unique(columns))
        case .notNull(let column):
            let nulls = statistics(of: column).reduce(0) { $0 + $1.nullCount }
            return nulls <= check.maxRows
                ? .decided(counted(nulls, check)) : .open(.notNull(column))
        case .range(let column, let minimum, let maximum):
            return isWithin(column, minimum, maximum)
                ? .decided(counted(0, check))
                : .open(.range(column, minimum: minimum, maximum: maximum))
        case .pattern(let column, let pattern): return .open(.pattern(column, pattern))
        case .allowed(let column, let values): return .open(.allowed(column, values))
        case .references(let column, let schema, let table, let key):
            return .open(.references(column, schema: schema, table: table, key: key))
        case .rowCount(let limits): return .decided(rowCountResult(check, limits))
        case .distribution(let column, let top, let maxChange):
            guard rowsBefore ?? 0 > 0 else {
                let result = CheckResult(check: check, value: 0, threshold: maxChange, passed: true)
                return .decided(result)
            }
            return .open(
                .distribution(column, top: top, schema: job.schema, table: job.table)
            )
        }
    }

    /// The result of a check that DuckDB has answered; `place` tells where a row comes from.
    static func result(
        of check: CheckDeclaration,
        _ answer: CheckAnswer,
        place: (CheckAnswer.Example) -> String?
    ) -> CheckResult {
        var threshold = Double(check.maxRows)
        if case .distribution(_, _, let maxChange) = check.kind { threshold = maxChange }
        return CheckResult(
            check: check,
            value: answer.value,
            threshold: threshold,
            passed: answer.value <= threshold,
            examples: answer.examples.map { example in
                example.text + (place(example).map { " (\($0))" } ?? "")
            }
        )
    }

    /// Says in one line which checks keep a version back; nil where none does.
    static func reason(_ results: [CheckResult]) -> String? {
        let refusing = results.filter(\.refuses)
        guard !refusing.isEmpty else { return nil }
        let texts = refusing.map { result in
            guard let value = result.value else {
                return "check \(result.check.name) could not be made: "
                    + result.examples.joined(separator: ", ")
            }
            let limit = result.threshold.map { ", the limit is \(number($0))" } ?? ""
            let examples =
                result.examples.isEmpty ? "" : "; " + result.examples.joined(separator: ", ")
            return "check \(result.check.name) failed: \(number(value))\(limit)\(examples)"
        }
        return texts.joined(separator: "; ") + "; the version before stays"
    }

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private func counted(_ rows: Int64, _ check: CheckDeclaration) -> CheckResult {
        CheckResult(
            check: check,
            value: Double(rows),
            threshold: Double(check.maxRows),
            passed: rows <= check.maxRows
        )
    }

    // MARK: What is known without a look

    private func index(of column: String) -> Int? {
        job.transform.columns.firstIndex { $0.name == column }
    }

    private func statistics(of column: String) -> [ColumnStatistics] {
        guard let index = index(of: column) else { return [] }
        return rowGroups.filter { $0.rowCount > 0 }.map { $0.columns[index].statistics }
    }

    /// Whether the rows are sorted by columns of the key without two equal ones among them.
    ///
    /// Free: each row group says so of itself, and must end before the next one begins.
    private func isProvenUnique(_ columns: [String]) -> Bool {
        let key = Set(columns.compactMap(index))
        let filled = rowGroups.filter { $0.rowCount > 0 }
        let edges = filled.compactMap(\.edges)
        guard edges.count == filled.count,
            edges.allSatisfy({ key.isSuperset(of: $0.columns) })
        else { return false }
        return zip(edges, edges.dropFirst()).allSatisfy { $0.precede($1) }
    }

    /// Whether the bounds of all row groups are within those of the check.
    private func isWithin(_ column: String, _ minimum: String?, _ maximum: String?) -> Bool {
        let (low, high) = (minimum.map(Double.init), maximum.map(Double.init))
        // A time is no number: DuckDB knows it.
        guard low != .some(nil), high != .some(nil) else { return false }
        return statistics(of: column).allSatisfy { statistics in
            guard statistics.valueCount > 0 else { return true }
            guard let least = number(statistics.minimum), let most = number(statistics.maximum)
            else { return false }
            return (low ?? nil).map { least >= $0 } ?? true
                && (high ?? nil).map { most <= $0 } ?? true
        }
    }

    /// A bound as a double; nil for one that is none exactly.
    private func number(_ bound: ColumnBound?) -> Double? {
        switch bound {
        case .integer(let value): Double(exactly: value)
        case .double(let value): value
        case .boolean, .text, nil: nil
        }
    }

    private func rowCountResult(
        _ check: CheckDeclaration,
        _ limits: CheckDeclaration.RowCountLimits
    ) -> CheckResult {
        let rows = Double(rowCount)
        let before = Double(rowsBefore ?? 0)
        var low = Double(limits.minimum ?? 0)
        var high = Double.infinity
        if before > 0, job.write == .replace {
            if let drop = limits.maxDrop { low = max(low, before * (1 - drop)) }
            if let growth = limits.maxGrowth { high = before * (1 + growth) }
        }
        return CheckResult(
            check: check,
            value: rows,
            threshold: rows > high ? high : low,
            passed: rows >= low && rows <= high
        )
    }
}

/// Tells where a row of a table that is being published comes from.
struct RowPlaces: Sendable {
    /// Rows of each chunk, and what it was cut from.
    let chunks: [(rows: Int64, chunk: ChunkSummary)]
    /// Rows of each file, in the order of the rows.
    let files: [(path: String, rows: Int64)]

    /// The input's file and line; nil for rows of no file of these.
    func place(_ example: CheckAnswer.Example) -> String? {
        var row = example.row
        guard let index = files.firstIndex(where: { $0.path == example.file }) else { return nil }
        for file in files[..<index] { row += file.rows }
        for (rows, chunk) in chunks {
            guard row >= rows else {
                // Rejected lines before the row are not counted where there are some.
                let word = chunk.lines == rows ? "line" : "near line"
                let name = chunk.source.split(separator: "/").last ?? ""
                return "\(name) \(word) \(chunk.firstLine + row)"
            }
            row -= rows
        }
        return nil
    }
}
