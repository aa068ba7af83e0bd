import Base
import Catalog
import Storage
import TestSupport
import Testing

@testable import Coordinator

@Suite("A bit that flips on its way to the disk is noticed before a version names it")
struct FlippedBitsTests {
    /// The writes of three results: a header, and of each its record and its payload.
    private static let payloadWrites: Set<Int> = [3, 5, 7]

    /// First bytes, the row groups with one copy each, and the footer.
    @Test("in a segment: nothing is published or left, and the next try succeeds", arguments: 1...5)
    func segments(write: Int) throws {
        try withTemporaryFolder { folder in
            let fixture = try PublisherFixture(folder: folder)
            let fault = StorageFaults(flippingBitBeneath: folder + "/store", first: write)
            let outcome = try fixture.publish()
            guard case .failure(.storage(.damaged(let path, _))) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(path.hasPrefix(folder + "/store/ott/n/"))
            #expect(try fixture.segments() == [])
            _ = try fixture.publish().get()
            #expect(try fixture.segments() == fixture.named())
            #expect(fault.calls == 10)
        }
    }

    @Test("in the pages of a spool file: they are not published", arguments: 1...7)
    func spool(write: Int) throws {
        try withTemporaryFolder { folder in
            let outcome = try PublisherFixture(folder: folder, flippingBitAtWrite: write).publish()
            switch outcome {
            case .success: #expect(!Self.payloadWrites.contains(write))
            case .failure(.storage(.damaged)): #expect(Self.payloadWrites.contains(write))
            case .failure(let error): Issue.record("\(error)")
            }
        }
    }

    @Test(
        "in a spool file: a restart goes on with what was stored, or not at all",
        arguments: 1...7
    )
    func recovery(write: Int) throws {
        try withTemporaryFolder { folder in
            let spool = try SpoolFixture(folder: folder)
            try spool.begin()
            let fault = StorageFaults(flippingBitBeneath: folder, first: write)
            var stored: [Int: StoredResult] = [:]
            for task in 0..<3 {
                let answer = try spool.store(.result(try SpoolFixture.result(task)))
                if case .result(_, .success(let result)) = answer { stored[task] = result }
            }
            #expect(stored.count == 3)
            #expect(fault.calls == 7)
            guard case .recovered(let step) = try SpoolFixture(folder: folder).recover() else {
                return
            }
            for (task, result) in step.results { #expect(result == stored[task]) }
            // Pages that a sync has covered are read again only when they are published.
            #expect(step.results.count < 3 || Self.payloadWrites.contains(write))
        }
    }
}
