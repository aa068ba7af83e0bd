import Testing

@testable import Coordinator

@Suite("Sweeping the table store")
struct StoreSweepTests {
    @Test(
        "only names that a publication gives are looked at",
        arguments: [
            ("0123456789abcdef-12-0-3-1.parquet", "0123456789abcdef-12-0-3"),
            (".0123456789abcdef-12-0-3-1.parquet.tmp", "0123456789abcdef-12-0-3"),
            ("12-0-3-1.parquet", nil), ("0123456789abcdef-12-0-3.parquet", nil),
            ("0123456789abcdef-12-0-3-1-9.parquet", nil),
            ("0123456789abcdef-12-0-3-x.parquet", nil),
            ("0123456789abcdeg-12-0-3-1.parquet", nil), ("123-12-0-3-1.parquet", nil),
            ("0123456789abcdef-12-0--1.parquet", nil), ("ducklake-0192-7f.parquet", nil),
            ("0123456789abcdef-12-0-3-1.parquet.tmp", nil),
            (".0123456789abcdef-12-0-3-1.parquet", nil),
            ("0123456789abcdef-12-0-3-1.json", nil), ("", nil), (".parquet", nil),
            ("catalog.sqlite", nil),
        ]
    )
    func names(name: String, version: String?) {
        #expect(StoreSweep.version(of: name) == version)
    }
}
