import API
import Glibc
import Query
import Storage

extension Command {
    static let query = Command(
        "query",
        "ask the table store one question in SQL",
        details:
            "Runs DuckDB with the store attached read-only. One SELECT (or WITH, VALUES, FROM, "
            + "DESCRIBE, SHOW, EXPLAIN, SUMMARIZE) is let through, and no file outside the store is "
            + "read. Tables are found with and without their schema: ott.title_basics, title_basics.",
        positionals: [Positional("SQL")],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let (arguments, sql) = (invocation.arguments, invocation.arguments.positionals[0])
        let wantsJSON = arguments.has(Flag.json.name)
        try check(sql, arguments, wantsJSON: wantsJSON)
        return try ask(sql, invocation)
    }

    /// Lets DuckDB answer a question that is known to read only.
    static func ask(_ sql: String, _ invocation: Invocation) throws(CLIError) -> Int32 {
        let wantsJSON = invocation.arguments.has(Flag.json.name)
        let location = try invocation.client().get(StoreLocation.self, Routes.store)
        guard Directory.exists(path: location.catalog) else {
            throw .failed("no table store at \(location.catalog) yet; load a table first")
        }
        let duckDB = try findDuckDB()
        let temporary = Environment.value("TMPDIR") ?? "/tmp"
        let store = StoreFolder(
            catalog: location.catalog,
            dataPath: location.dataPath,
            temporaryFolder: "\(temporary)/otjob-query-\(getpid())"
        )
        let words = duckDB.arguments(sql: sql, store: store, json: wantsJSON)
        try run(words)
        return ExitCode.done
    }

    private static func run(_ words: [String]) throws(CLIError) {
        let run: ProgramRun
        do throws(StorageError) {
            run = try ProgramRun(words, keeping: .errors)
        } catch {
            throw .failed("\(error)")
        }
        guard run.end == .exited(code: 0) else {
            throw .failed(Text.printable(DuckDB.oneLine(run.output)))
        }
    }

    private static func findDuckDB() throws(CLIError) -> DuckDB {
        do throws(QueryError) {
            return try DuckDB.find()
        } catch {
            throw .failed(error.description)
        }
    }

    private static func check(
        _ sql: String,
        _ arguments: Arguments,
        wantsJSON: Bool
    ) throws(CLIError) {
        let isExplain: Bool
        do throws(QueryRefusal) {
            isExplain = try QueryGuard.check(sql)
        } catch {
            throw arguments.usage(error.description)
        }
        guard !isExplain || !wantsJSON else {
            throw arguments.usage("EXPLAIN answers with a drawing: leave --json out")
        }
    }
}
