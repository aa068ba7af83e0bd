import Base
import Storage

/// What rows are read from, for people to look at.
package enum RowSource: Sendable {
    /// A table or a view, in its newest version or another.
    case table(schema: String, name: String, version: Int64? = nil)
    /// The columns of a view, which DuckDB alone knows: one row each, with `column_name`.
    case columns(schema: String, view: String)

    var sql: String {
        switch self {
        case .table(let schema, let name, let version):
            Self.qualified(schema, name) + (version.map { " AT (VERSION => \($0))" } ?? "")
        case .columns(let schema, let view): "(DESCRIBE \(Self.qualified(schema, view)))"
        }
    }

    private static func qualified(_ schema: String, _ name: String) -> String {
        "lake.\(DuckDB.quotedName(schema)).\(DuckDB.quotedName(name))"
    }
}

extension DuckDB {
    /// Rows and columns of an answer at most, and characters of a value: so much fits into what is
    /// kept of a program's output, with room for texts of other alphabets.
    package static let shownRows = 50
    package static let shownColumns = 20
    private static let shownCharacters = 100
    /// How long one answer may take.
    private static let rowsPatience = Duration.seconds(20)
    private static let rowsMemory = "256MB"
    private static let rowMark = "otjob_row"
    private static let nullMark: Character = "\u{1e}"

    /// Some rows as text: for people to look at.
    ///
    /// `columns` are those that are wanted; `tail` is SQL of ours behind what is read.
    package func rows(
        from source: RowSource,
        columns: [String],
        tail: String = "",
        store: StoreFolder
    ) throws(QueryError) -> [[String?]] {
        let values = columns.prefix(Self.shownColumns).map { name in
            "coalesce(regexp_replace(left(CAST(\(Self.quotedName(name)) AS VARCHAR), "
                + "\(Self.shownCharacters)), '[\\x00-\\x1f]', ' ', 'g'), chr(30))"
        }
        let words = arguments(
            format: "-list",
            store: store,
            attachedAs: "lake",
            setup: [
                "SET memory_limit='\(Self.rowsMemory)';", "SET threads=1;",
                "SET search_path='lake.\(store.schema),lake.main';",
            ],
            statements: [
                "SELECT concat_ws(chr(31), '\(Self.rowMark)', \(values.joined(separator: ", "))) "
                    + "FROM (SELECT * FROM \(source.sql) \(tail))"
            ]
        )
        let run: ProgramRun
        do throws(StorageError) {
            run = try ProgramRun(words, keeping: .all, limit: Self.rowsPatience)
        } catch {
            throw .notRun("DuckDB: \(error)")
        }
        guard !run.wasOverdue else { throw .notRun("DuckDB took too long to read the rows") }
        guard run.end == .exited(code: 0) else {
            throw .notRun("DuckDB: \(Self.oneLine(run.output))")
        }
        return run.output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\u{1f}", omittingEmptySubsequences: false)
            guard parts.first == Self.rowMark[...] else { return nil }
            return parts.dropFirst().map { $0 == "\(Self.nullMark)" ? nil : String($0) }
        }
    }
}
