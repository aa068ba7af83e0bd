import FoundationEssentials
import Query
import Storage
import TestSupport
import Testing

/// The project's DuckDB; nil where `./scripts/setup` did not run.
let installed: DuckDB? = {
    do throws(QueryError) {
        return try DuckDB.find()
    } catch {
        return nil
    }
}()

/// A store of one table, made by DuckDB itself, and a secret beside it.
func withStore(
    _ duckDB: DuckDB,
    _ body: (StoreFolder, _ secret: String) throws -> Void
) throws {
    let folder = try makeTemporaryFolder()
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder + "/store", withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try manager.removeItem(atPath: folder) } }
    try Data("secret".utf8).write(to: URL(filePath: folder + "/secret.csv"))
    let store = StoreFolder(
        catalog: folder + "/store/catalog.sqlite",
        dataPath: folder + "/store",
        temporaryFolder: folder + "/spill"
    )
    let setup =
        duckDB.extensions.map { "LOAD '\($0)';" }.joined()
        + "ATTACH 'ducklake:sqlite:\(store.catalog)' AS lake (DATA_PATH '\(store.dataPath)');"
        + "CREATE SCHEMA lake.ott; CREATE TABLE lake.ott.numbers AS SELECT range n FROM range(5000);"
    let words = [duckDB.program, "-no-init", "-batch", "-c", setup]
    let run = try ProgramRun(words, keeping: .errors)
    try #require(run.end.exitCode == 0, "\(run.output)")
    try body(store, folder + "/secret.csv")
}

@Suite("DuckDB", .enabled(if: installed != nil, "run ./scripts/setup first"))
struct DuckDBTests {
    private func run(_ sql: String, _ store: StoreFolder) throws -> (Int32, String) {
        let words = try #require(installed).arguments(sql: sql, store: store, json: true)
        let run = try ProgramRun(words, keeping: .errors)
        return (run.end.exitCode, DuckDB.oneLine(run.output))
    }

    @Test("tables are found with and without their schema")
    func names() throws {
        try withStore(#require(installed)) { store, _ in
            for name in ["ott.numbers", "numbers", "lake.ott.numbers"] {
                // The output is not read here: a wrong sum is an error.
                let check =
                    "SELECT CASE WHEN sum(n) = 12497500 THEN 1 ELSE error('sum') END FROM \(name)"
                let (exitCode, errors) = try run(check, store)
                #expect(exitCode == 0, "\(name): \(errors)")
            }
        }
    }

    @Test("what the guard lets through, DuckDB keeps within the store")
    func outside() throws {
        try withStore(#require(installed)) { store, secret in
            let queries = [
                "FROM read_csv('\(secret)')", "FROM '\(secret)'", "FROM read_text('\(secret)')",
                "FROM read_blob('\(store.dataPath)../secret.csv')", "FROM glob('/etc/*')",
                "FROM read_json('/proc/self/environ')", "SELECT getenv('HOME')",
                "FROM read_parquet('http://127.0.0.1:1/x.parquet')",
            ]
            for query in queries {
                try QueryGuard.check(query)
                let (exitCode, errors) = try run(query, store)
                #expect(exitCode != 0, "\(query) was let through")
                #expect(errors.contains("Error") && !errors.contains("\n"), "\(query): \(errors)")
            }
        }
    }

    @Test("even without the guard, settings, other databases and dot commands are locked")
    func locks() throws {
        try withStore(#require(installed)) { store, secret in
            let commands = [
                "SET enable_external_access = true", "ATTACH '\(secret).db'", "INSTALL httpfs",
                "INSERT INTO ott.numbers VALUES (1)", ".shell true", ".read \(secret)",
                "COPY (SELECT 1) TO '\(secret)'",
            ]
            for command in commands {
                #expect(throws: QueryRefusal.self, "\(command)") { try QueryGuard.check(command) }
                let (exitCode, errors) = try run(command, store)
                #expect(exitCode != 0 || errors.contains("safe mode"), "\(command) went through")
            }
            let kept = try String(decoding: Data(contentsOf: URL(filePath: secret)), as: UTF8.self)
            #expect(kept == "secret")
        }
    }

    @Test("an error is one line, with the hint and without the drawing")
    func oneLine() {
        let message =
            "Catalog Error: no x!\nDid you mean \"y\"?\n\nLINE 1: from x\n             ^\n"
        #expect(DuckDB.oneLine(message) == "Catalog Error: no x! Did you mean \"y\"?")
    }

    @Test("a quote in a path cannot end its SQL string")
    func quoting() throws {
        let duckDB = DuckDB(program: "duckdb", extensions: ["a'b"])
        let store = StoreFolder(catalog: "/c'; x", dataPath: "/d", temporaryFolder: "/t")
        let setup = duckDB.arguments(sql: "q", store: store, json: false).first {
            $0.contains("LOAD")
        }
        #expect(try #require(setup).hasPrefix("LOAD 'a''b';\nATTACH 'ducklake:sqlite:/c''; x' AS"))
    }
}
