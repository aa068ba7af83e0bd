import Base
import Query
import Testing

@Suite("Query guard")
struct QueryGuardTests {
    @Test(
        "reading statements are let through",
        arguments: [
            "SELECT 1", "select count(*) from ott.title_basics;",
            " (SELECT 1) UNION (SELECT 2) ; ;",
            "WITH a AS (SELECT 1), b AS (SELECT 2) SELECT * FROM a, b", "VALUES (1), (2)",
            "FROM ott.title_basics LIMIT 3", "DESCRIBE ott.title_basics", "SHOW ALL TABLES",
            "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "EXPLAIN (FORMAT json) SELECT 1",
            "explain (select 1)", "SUMMARIZE ott.title_basics", "TABLE ott.title_basics",
            "SELECT 'a;b', \"c;d\", $$;$$, $x$ $$ ; $x$ -- ; end\n /* ; */",
            "SELECT e'it\\'s; fine'", "SELECT 'it''s'", "SELECT \"in\"\"sert\" FROM t",
            "SELECT updated, insert_time FROM t", "SELECT replace('a', 'b', 'c')",
            "SELECT 'COPY x TO y'", "-- comment\nSELECT 1",
            "SELECT * FROM ducklake_snapshots('lake')",
            "SELECT größe FROM t", "SELECT 1 /* ünïcödé \u{a0} */",
            "SELECT 10::INT, a->>'b', x != -1",
            "SELECT set, copy FROM t",
        ]
    )
    func reading(sql: String) {
        #expect(throws: Never.self) { try QueryGuard.check(sql) }
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", ";", "-- nothing", "/* nothing */",
            // Statements that write, configure or load.
            "COPY (SELECT 1) TO 'x.csv'", "copy ott.t to 'x'", "INSERT INTO t VALUES (1)",
            "UPDATE t SET a = 1", "DELETE FROM t", "MERGE INTO t USING s ON 1",
            "CREATE TABLE t (a INT)",
            "CREATE OR REPLACE VIEW v AS SELECT 1", "DROP TABLE t",
            "ALTER TABLE t ADD COLUMN a INT",
            "ATTACH 'x.db'", "DETACH lake", "INSTALL httpfs", "LOAD httpfs", "SET a = 1", "RESET a",
            "PRAGMA version", "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "CALL f()", "USE lake",
            "VACUUM", "CHECKPOINT", "BEGIN", "COMMIT", "PREPARE p AS SELECT 1", "EXECUTE p",
            "TRUNCATE t", "ANALYZE", "COMMENT ON TABLE t IS 'x'", "PIVOT t ON a", "\"select\" 1",
            ".shell ls", ".read x", "'select'",
            // Hidden behind a beginning that reads.
            "EXPLAIN COPY t TO 'x'", "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x'",
            "EXPLAIN (ANALYZE) COPY t TO 'x'", "EXPLAIN (values) COPY (SELECT 1) TO 'x'",
            "explain /**/ analyze -- x\n insert into t select 1", "EXPLAIN", "EXPLAIN ANALYZE",
            "EXPLAIN (FORMAT json", "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "WITH a AS (SELECT 1) DELETE FROM t", "WITH a AS (SELECT 1) UPDATE t SET x = 1",
            "WITH a AS (INSERT INTO t VALUES (1) RETURNING x) SELECT * FROM a",
            "WITH a AS (SELECT 1)/**/COPY t TO 'x'", "(COPY t TO 'x')", "((DELETE FROM t))",
            // Several statements.
            "SELECT 1; SELECT 2", "SELECT 1; COPY t TO 'x'", "SELECT 1;\n.shell ls",
            "SELECT 'a'; DROP TABLE t; --'", "SELECT $$a$$; DROP TABLE t",
            "SELECT 1 /* */; SELECT 2",
            "SELECT \"a\"; SELECT 2", "SELECT e'\\'; SELECT 2 --'; SELECT 3",
            "SELECT '\\'; SELECT 2 --'", "SELECT 1 -- ; \r; DROP TABLE t",
            "SELECT $a$ $b$ $a$; SELECT 2",
            // Functions that open files of their own, run text, or change something.
            "SELECT * FROM sqlite_scan('/x.db', 't')", "SELECT * FROM SQLITE_SCAN ('/x.db', 't')",
            "SELECT * FROM \"sqlite_scan\"('/x.db', 't')", "FROM \"SQLite_Scan\" /* */ ('x', 't')",
            "FROM main.sqlite_scan('x', 't')", "FROM sqlite_scan--\n('x', 't')",
            "FROM sqlite_attach('x')",
            "FROM sqlite_query('x', 'y')", "FROM query('select 1')", "FROM \"query\"('select 1')",
            "SELECT 1 WHERE EXISTS (FROM query('x'))", "FROM json_execute_serialized_sql('{}')",
            "FROM ducklake_cleanup_old_files('lake')",
            "FROM ducklake_add_data_files('lake', 't', 'x')",
            "FROM ducklake_set_option('lake', 'a', 'b')", "FROM ducklake_something_new('lake')",
            "FROM arrow_scan(1, 2, 3)", "FROM force_checkpoint()", "FROM enable_logging()",
            // Names spelled so that only DuckDB would recognise them.
            "FROM U&\"sqlite\\005fscan\"('x', 't')", "SELECT u&'x'",
            "FROM sqlite_scan\u{a0}('x', 't')",
            "FROM sqlite_scan\u{200b}('x', 't')", "FROM sqlite_scan\u{2003}('x', 't')",
            "SELECT\u{0}1", "SELECT 1 \u{1}",
            // What is not ended, and what lexers do not agree on.
            "SELECT 'a", "SELECT \"a", "SELECT $$a", "SELECT $x$a$y$", "SELECT /* a",
            "SELECT e'a\\'",
            "SELECT 1 /* /* */ ; DROP TABLE t; */", "SELECT 1 /* a /* b */ c */", "SELECT $1",
        ]
    )
    func hostile(sql: String) {
        #expect(throws: QueryRefusal.self) { try QueryGuard.check(sql) }
    }

    @Test("a query as long as the limit is let through, one byte more is not")
    func length() {
        let sql = "SELECT 1".utf8.count
        let blanks = String(repeating: " ", count: QueryGuard.maximumBytes - sql)
        #expect(throws: Never.self) { try QueryGuard.check("SELECT 1" + blanks) }
        #expect(throws: QueryRefusal.self) { try QueryGuard.check("SELECT 1 " + blanks) }
    }

    @Test("an EXPLAIN is recognised")
    func explain() throws {
        #expect(try QueryGuard.check("explain select 1"))
        #expect(try !QueryGuard.check("select 1"))
    }

    @Test("the refusal says what and what to do")
    func texts() {
        let copy = #expect(throws: QueryRefusal.self) { try QueryGuard.check("COPY t TO 'x'") }
        #expect(copy?.description.hasSuffix("is let through, not 'COPY'") == true)
        let quoted = #expect(throws: QueryRefusal.self) { try QueryGuard.check("SELECT (copy)") }
        #expect(quoted?.description.contains("put it in double quotes") == true)
    }

    @Test("whatever stands behind a separator, a second statement never passes")
    func garbage() {
        var generator = SeededGenerator(seed: 7)
        let pieces = [
            "'", "\"", "$$", "$a$", "--", "\n", "/*", "*/", ";", "\\", "e'", "SELECT", "COPY", "(",
            ")",
            " ", "1", "é", "\u{a0}",
        ]
        for _ in 0..<20_000 {
            let count = Int(generator.next() % 12)
            let middle = (0..<count).map { _ in pieces[Int(generator.next() % UInt64(pieces.count))]
            }
            let text = "SELECT " + middle.joined()
            // A text that passes is closed in itself: what follows it is code, not string.
            guard (try? QueryGuard.check(text + "\n")) != nil else { continue }
            #expect(throws: QueryRefusal.self, "\(text)") {
                try QueryGuard.check(text + "\n; DROP TABLE t")
            }
        }
    }
}
