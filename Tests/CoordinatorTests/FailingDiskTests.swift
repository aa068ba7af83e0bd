import Base
import Catalog
import Glibc
import Jobs
import Storage
import TestSupport
import Testing

@testable import Coordinator

/// One way in which a disk fails: at one call, or from one call on.
struct DiskFault: CustomTestStringConvertible {
    let errorNumber: Int32
    let isLasting: Bool

    static let all = [ENOSPC, EIO].flatMap { number in
        [false, true].map { DiskFault(errorNumber: number, isLasting: $0) }
    }

    var testDescription: String {
        (errorNumber == ENOSPC ? "ENOSPC" : "EIO") + (isLasting ? " from then on" : " once")
    }

    /// Runs `body` in fresh folders, with the fault at the first call, the second, and so on, until
    /// it lies behind the last one.
    ///
    /// `body` gets the folder and a function that lets its disk fail while it runs what it is given.
    func atEachCall(
        _ body: (String, (_ during: () throws -> Void) throws -> Void) throws -> Void
    ) throws {
        var first = 1
        var calls = 0
        repeat {
            try withTemporaryFolder { folder in
                try body(folder) { during in
                    let faults = StorageFaults(
                        beneath: folder,
                        errorNumber: errorNumber,
                        first: first,
                        isLasting: isLasting
                    )
                    try during()
                    calls = faults.calls
                }
            }
            first += 1
        } while calls >= first - 1
        #expect(first > 2, "no call was made at all")
    }
}

@Suite("A disk that fails at any call costs no result, leaves nothing, and is gone on with")
struct FailingDiskTests {
    @Test("results are stored, or said not to be and stored later", arguments: DiskFault.all)
    func spool(fault: DiskFault) throws {
        try fault.atEachCall { folder, whileFailing in
            let fixture = try SpoolFixture(folder: folder)
            try fixture.begin()
            var stored: [Int: StoredResult] = [:]
            func store() throws {
                for task in 0..<3 where stored[task] == nil {
                    let answer = try fixture.store(.result(try SpoolFixture.result(task)))
                    if case .result(_, .success(let result)) = answer { stored[task] = result }
                }
            }
            try whileFailing(store)
            try store()
            #expect(stored.count == 3)
            let recovered = try SpoolFixture(folder: folder).recover()
            guard case .recovered(let step) = recovered else {
                Issue.record("nothing was recovered: \(recovered)")
                return
            }
            #expect(step.results == stored)
        }
    }

    @Test("a step that could not be stored leaves no spool file", arguments: DiskFault.all)
    func closedSpool(fault: DiskFault) throws {
        try fault.atEachCall { folder, whileFailing in
            let fixture = try SpoolFixture(folder: folder)
            try fixture.begin()
            try whileFailing { _ = try fixture.store(.result(try SpoolFixture.result(0))) }
            try fixture.close()
            #expect(try Directory.list(path: folder) == [])
        }
    }

    @Test("chunks beyond the budget stay in memory", arguments: DiskFault.all)
    func chunks(fault: DiskFault) throws {
        try fault.atEachCall { folder, whileFailing in
            let fixture = try StoreFixture(folder: folder, budgetChunks: 0)
            try whileFailing {
                for index in 0..<3 {
                    try fixture.insert(index..<index + 1)
                    // Twice: the second time it may come from its file.
                    for _ in 0..<2 {
                        #expect(try fixture.lease(index).0 == StoreFixture.content(index))
                    }
                }
            }
            for index in 0..<3 {
                #expect(try fixture.lease(index).0 == StoreFixture.content(index))
                try fixture.remove(index)
            }
            try fixture.waitForFiles([])
        }
    }

    @Test("a table is published whole or leaves no file", arguments: DiskFault.all)
    func publisher(fault: DiskFault) throws {
        try fault.atEachCall { folder, whileFailing in
            let fixture = try PublisherFixture(folder: folder)
            var first: Result<SnapshotID, PublishError>?
            try whileFailing { first = try fixture.publish() }
            if case .failure = first { #expect(try fixture.segments() == []) }
            _ = try fixture.publish().get()
            #expect(try fixture.segments() == fixture.named())
        }
    }
}

/// A publisher with a catalog of its own, and the results of three chunks.
final class PublisherFixture {
    private let test: TestLoop
    private let publisher: TablePublisher
    let release: TableRelease
    private let store: String

    /// A bit may flip in the Nth write of the results.
    init(folder: String, flippingBitAtWrite write: Int = 0, checks: String = "{}") throws {
        store = folder + "/store"
        let spoolFolder = folder + "/spool"
        try Directory.create(path: store)
        try Directory.create(path: spoolFolder)
        let spool = try SpoolFixture(folder: spoolFolder)
        try spool.begin()
        let fault = StorageFaults(flippingBitBeneath: spoolFolder, first: write)
        let results = try withExtendedLifetime(fault) {
            try (0..<3).map { task in
                let answer = try spool.store(.result(try SpoolFixture.result(task)))
                guard case .result(_, .success(let result)) = answer else {
                    throw TestLoop.TimedOut()
                }
                return result
            }
        }
        let reign = Reign(jobStore: "0123456789abcdef", epoch: 1)
        let catalog = try Catalog(path: store + "/catalog.sqlite", dataPath: store + "/")
        try catalog.claim(reign)
        let text =
            "{job: n, input: n.gz, table: n, checks: \(checks), "
            + "columns: [{name: n, type: int32}]}"
        guard case .table(let job) = try JobFile.parse(text: text, file: "n.yaml") else {
            throw TestLoop.TimedOut()
        }
        release = TableRelease(
            step: SpoolFixture.step,
            reign: reign,
            job: job,
            spoolPath: ResultSpool.path(of: SpoolFixture.step, in: spoolFolder),
            results: results,
            chunks: results.map { _ in ChunkSummary(sizeBytes: 0, lines: 0) },
            extraInfo: "{}"
        )
        test = try TestLoop()
        publisher = TablePublisher(catalog: catalog, loop: test.loop)
    }

    func publish() throws -> Result<SnapshotID, PublishError> {
        try test.ask { [publisher, release] answer in publisher.publish(release) { answer($0) } }
    }

    /// Names of the segments in the store, those under way among them.
    func segments() throws -> [String] {
        var names: [String] = []
        for folder in [store, store + "/ott", store + "/ott/n"] where Directory.exists(path: folder)
        {
            names += try Directory.list(path: folder).filter { $0.contains(".parquet") }
        }
        return names.sorted()
    }

    /// Names of the segments that a version names.
    func named() throws -> [String] {
        let paths = try ask { (catalog) throws(CatalogError) in try catalog.allNamedFiles() }
        return paths.map { String($0.split(separator: "/").last ?? "") }.sorted()
    }

    /// The tables of the newest version.
    func tables() throws -> [CatalogTable] {
        try ask { (catalog) throws(CatalogError) in try catalog.tables() }
    }

    private func ask<Value: Sendable>(
        _ question: @escaping @Sendable (Catalog) throws(CatalogError) -> Value
    ) throws -> Value {
        try test.ask { [publisher] answer in publisher.ask(question) { answer($0) } }.get()
    }
}
