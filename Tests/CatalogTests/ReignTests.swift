import Base
import Catalog
import Testing

@Suite("Of each job store only the newest coordinator publishes")
struct ReignTests {
    private let store = "fedcba9876543210"
    private let view = ViewPublication(schema: "ott", name: "one", sql: "SELECT 1 AS one")

    @Test("a coordinator whose epoch was overtaken publishes nothing any more")
    func fenced() throws {
        try Lake.with { lake in
            let (old, new) = (Reign(jobStore: store, epoch: 4), Reign(jobStore: store, epoch: 5))
            let catalog = try lake.open()
            try catalog.claim(old)
            try catalog.publish(key: "a", [], views: [view], reign: old)
            try catalog.claim(new)
            #expect(throws: CatalogError.fenced(old, by: 5)) {
                try catalog.publish(key: "b", [], views: [view], reign: old)
            }
            #expect(try catalog.snapshot(ofCommit: "b") == nil)
            // What happened before it was overtaken still has happened.
            #expect(
                try catalog.publish(key: "a", [], views: [view], reign: old)
                    == .already(SnapshotID(1))
            )
            try catalog.publish(key: "b", [], views: [view], reign: new)
        }
    }

    @Test("a reign cannot be claimed behind a newer one, and never without a claim")
    func order() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let old = Reign(jobStore: store, epoch: 4)
            #expect(throws: CatalogError.fenced(old, by: 0)) {
                try catalog.publish(key: "a", [], views: [view], reign: old)
            }
            try catalog.claim(Reign(jobStore: store, epoch: 5))
            #expect(throws: CatalogError.fenced(old, by: 5)) { try catalog.claim(old) }
        }
    }

    @Test("job stores do not overtake each other")
    func otherStore() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            let (mine, other) = (Reign(jobStore: store, epoch: 2), Lake.reign)
            try catalog.claim(mine)
            try catalog.publish(key: "a", [], views: [view], reign: other)
            try catalog.publish(key: "b", [], views: [view], reign: mine)
        }
    }

    @Test(
        "the catalog remembers the highest epoch and job, for a job store that comes from a backup"
    )
    func lastReign() throws {
        try Lake.with { lake in
            let catalog = try lake.open()
            #expect(try catalog.lastReign(of: store) == Catalog.LastReign())
            let reign = Reign(jobStore: store, epoch: 7)
            try catalog.claim(reign)
            for (key, job) in [("a", 9), ("b", 3)] {
                try catalog.publish(key: key, [], reign: reign, job: JobID(Int64(job)))
            }
            let last = Catalog.LastReign(epoch: 7, job: JobID(9))
            #expect(try catalog.lastReign(of: store) == last)
        }
    }

    @Test("keys of different job stores and jobs never meet")
    func keys() {
        let step = StepID(job: JobID(12), index: 3)
        let key = Reign(jobStore: store, epoch: 1).commitKey(step)
        #expect(key == "fedcba9876543210/12/3")
        #expect(key == Reign(jobStore: store, epoch: 2).commitKey(step))
        #expect(key != Lake.reign.commitKey(step))
        #expect(!key.hasPrefix(Reign(jobStore: store, epoch: 1).commitKeyPrefix(JobID(1))))
    }
}
