import Base
import Catalog
import Storage
import TestSupport
import Testing

@testable import Coordinator

@Suite("Checks of a version, and what they leave")
struct CheckedPublicationTests {
    @Test("each refusal leaves the results of its checks, of the same job as well")
    func refusedTwice() throws {
        try withTemporaryFolder { folder in
            let fixture = try PublisherFixture(folder: folder, checks: "{row_count: {min: 1000}}")
            for refusals in 1...2 {
                guard case .failure(.refused) = try fixture.publish() else {
                    Issue.record("too few rows were published")
                    return
                }
                let tables = try fixture.tables()
                #expect(tables.map(\.table) == [QualityTable.table.name])
                #expect(tables.map(\.rows) == [Int64(refusals)])
            }
        }
    }

    @Test("what DuckDB wrote out while it answered goes with the answer")
    func spilled() throws {
        try withTemporaryFolder { folder in
            let fixture = try PublisherFixture(folder: folder, checks: "{unique: [n]}")
            let spill = ResultSpool.checksFolder(of: fixture.release.spoolPath)
            try Directory.create(path: spill + "/deeper")
            try write([1], to: spill + "/duckdb_temp_storage-0.tmp")
            _ = try fixture.publish()
            #expect(!Directory.exists(path: spill))
        }
    }
}
