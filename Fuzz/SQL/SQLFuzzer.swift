import FuzzSupport
import Query

/// `otjob query` of any text: refused or let through, never a crash.
enum SQLFuzzer: FuzzTarget {
    private static let seedTexts = [
        "SELECT a, \"b\"\"c\", 'd''e' FROM ott.t WHERE x = $$f$$ -- end\n",
        "WITH x AS (SELECT 1) SELECT * FROM x; ",
        "EXPLAIN (FORMAT json) SELECT /* /* nested */ */ e'\\'' || $tag$g$tag$",
        "FROM ducklake_snapshots('lake')", "SUMMARIZE t", "(VALUES (1.5e-3))", "COPY t TO 'f'",
        "SELECT sqlite_scan('f', 't')",
    ]

    static var seeds: [[UInt8]] { seedTexts.map { Array($0.utf8) } }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        let text = FuzzInput(bytes).text
        do throws(QueryRefusal) {
            try QueryGuard.check(text)
            precondition(!text.utf8.contains(0), "a NUL was let through")
        } catch {
            precondition(!error.description.isEmpty, "a refusal without a reason")
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { SQLFuzzer.begin() }
