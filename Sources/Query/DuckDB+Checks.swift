import Base
import Storage

/// What DuckDB found out about rows that are not published yet.
package struct CheckAnswer: Sendable, Equatable {
    /// A row that breaks the rule.
    package struct Example: Sendable, Equatable {
        package let text: String
        /// The file as it was named in the question; empty where it is not of one row.
        package let file: String
        /// Counted from 0 within the file.
        package let row: Int64

        package init(text: String, file: String, row: Int64) {
            self.text = text
            self.file = file
            self.row = row
        }
    }

    package let value: Double
    package let examples: [Example]

    package init(value: Double, examples: [Example]) {
        self.value = value
        self.examples = examples
    }
}

extension DuckDB {
    /// How long one check may take; 10 million keys take seconds.
    private static let checkPatience = Duration.seconds(1800)
    /// Beyond it DuckDB works on files; a quarter of what the coordinator may take itself.
    private static let checkMemory = "512MB"
    private static let checkedName = "otjob_store"
    /// What stands in front of each line of the answer, of which no message has any.
    private static let mark = "otjob_answer"

    /// Asks about rows in files of the store: exact, in bounded memory, on one core.
    package func answer(
        _ query: CheckQuery,
        store: StoreFolder
    ) throws(QueryError) -> CheckAnswer {
        let sql = """
            WITH answer AS (\(query.sql(lake: Self.checkedName)))
            SELECT concat_ws(chr(31), '\(Self.mark)', value, e.file, e.row,
                regexp_replace(coalesce(left(e.text, 100), 'null'), '[\\x00-\\x1f]', ' ', 'g'))
            FROM (SELECT value, unnest(coalesce(nullif(found, []), [NULL])) AS e FROM answer)
            """
        let run: ProgramRun
        do throws(StorageError) {
            let words = arguments(
                format: "-list",
                store: store,
                attachedAs: Self.checkedName,
                setup: ["SET memory_limit='\(Self.checkMemory)';", "SET threads=1;"],
                statements: [sql]
            )
            run = try ProgramRun(words, keeping: .all, limit: Self.checkPatience)
        } catch {
            throw .notRun("DuckDB: \(error)")
        }
        guard run.end == .exited(code: 0) else {
            throw .notRun("DuckDB: \(Self.oneLine(run.output))")
        }
        return try Self.answer(in: run.output)
    }

    /// Reads lines of `mark`, value and, where there is an example, file, row and text.
    private static func answer(in output: String) throws(QueryError) -> CheckAnswer {
        var value: Double?
        var examples: [CheckAnswer.Example] = []
        for line in output.split(separator: "\n") where line.hasPrefix(mark + "\u{1f}") {
            let parts = line.split(separator: "\u{1f}", omittingEmptySubsequences: false)
            value = Double(parts[1])
            guard parts.count == 5, let row = Int64(parts[3]) else { continue }
            examples.append(.init(text: String(parts[4]), file: String(parts[2]), row: row))
        }
        guard let value else { throw .notRun("DuckDB gave no answer to a check") }
        return CheckAnswer(value: value, examples: examples)
    }
}
