import Testing

@testable import Coordinator

@Suite("Sweeping the table store")
struct StoreSweepTests {
    @Test(
        "only names that a publication gives are looked at",
        arguments: [
            ("0123456789abcdef-12-0-3-1.parquet", true),
            (".0123456789abcdef-12-0-3-1.parquet.tmp", true),
            ("12-0-3-1.parquet", false), ("0123456789abcdef-12-0-3.parquet", false),
            ("0123456789abcdef-12-0-3-1-9.parquet", false),
            ("0123456789abcdef-12-0-3-x.parquet", false),
            ("0123456789abcdeg-12-0-3-1.parquet", false), ("123-12-0-3-1.parquet", false),
            ("0123456789abcdef-12-0--1.parquet", false), ("ducklake-0192-7f.parquet", false),
            ("0123456789abcdef-12-0-3-1.parquet.tmp", false),
            (".0123456789abcdef-12-0-3-1.parquet", false),
            ("0123456789abcdef-12-0-3-1.json", false), ("", false), (".parquet", false),
            ("catalog.sqlite", false),
        ]
    )
    func names(name: String, isOwn: Bool) {
        #expect(StoreSweep.isOwn(name) == isOwn)
    }
}
