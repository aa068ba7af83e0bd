import Base
import Dispatch
import Storage
import TestSupport
import Testing
import Transport

@testable import Coordinator

/// A store with a budget of a few chunks, on a loop.
final class StoreFixture: Sendable {
    /// A size that pools do not round up, so that capacities add up to the budget.
    static let chunkBytes = 10 << 10
    let test: TestLoop
    let store: LoopBound<ChunkStore>
    let folder: String

    init(folder: String, budgetChunks: Int) throws {
        let test = try TestLoop()
        let store = ChunkStore(
            loop: test.loop,
            directory: folder,
            budgetBytes: budgetChunks * Self.chunkBytes,
            memory: MemoryPool(keptBlocks: 0)
        )
        self.store = LoopBound(store, loop: test.loop)
        self.test = test
        self.folder = folder
    }

    static func task(_ index: Int) -> TaskID {
        TaskID(step: StepID(job: JobID(1), index: 0), index: index)
    }

    static func content(_ index: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(index))
        return (0..<chunkBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    func insert(_ indexes: Range<Int>) throws {
        try test.ask { [store] answer in
            let memory = MemoryPool(keptBlocks: 0)
            for index in indexes {
                let block = memory.take(capacity: Self.chunkBytes)
                block.bytes.copyBytes(from: Self.content(index))
                let text = CutText(
                    block: block,
                    sizeBytes: Self.chunkBytes,
                    firstLine: Int64(index),
                    lineCount: 1,
                    crc32: 7,
                    source: "source",
                    compressedBytes: 0
                )
                store.value.insert(text, as: Self.task(index))
            }
            answer(())
        }
    }

    /// Leases a chunk and gives its bytes and first line.
    func lease(_ index: Int) throws -> ([UInt8], Int64) {
        let text = try test.ask { [store] answer in
            store.value.lease(Self.task(index)) { answer($0) }
        }.get()
        return (Array(text.block.prefix(text.sizeBytes)), text.firstLine)
    }

    func remove(_ index: Int) throws {
        try test.ask { [store] answer in
            store.value.remove(Self.task(index))
            answer(())
        }
    }

    func state() throws -> (heldBytes: Int, spilledChunks: Int) {
        try test.ask { [store] answer in
            answer((store.value.heldBytes, store.value.spilledChunks))
        }
    }

    func files() throws -> [String] { try Directory.list(path: folder).sorted() }

    /// Waits until these files are there and no others; they are written on a thread of the store's.
    func waitForFiles(_ names: [String]) throws {
        let deadline = DispatchTime.now() + .seconds(60)
        while try files() != names, DispatchTime.now() < deadline { try test.ask { $0(()) } }
        #expect(try files() == names)
    }
}

@Suite("Chunks are kept in memory up to a budget, and beyond it in files")
struct ChunkStoreTests {
    @Test("chunks that were never leased stay in memory, whatever the budget")
    func neverSpillsUnleased() throws {
        try withTemporaryFolder { folder in
            let fixture = try StoreFixture(folder: folder, budgetChunks: 1)
            try fixture.insert(0..<5)
            #expect(try fixture.state() == (5 * StoreFixture.chunkBytes, 0))
        }
    }

    @Test("over the budget the oldest leased chunks go to files, and come back byte for byte")
    func spills() throws {
        try withTemporaryFolder { folder in
            let fixture = try StoreFixture(folder: folder, budgetChunks: 3)
            try fixture.insert(0..<3)
            for index in [2, 1, 0] { _ = try fixture.lease(index) }
            #expect(try fixture.state().spilledChunks == 0)
            try fixture.insert(3..<5)
            #expect(try fixture.state() == (3 * StoreFixture.chunkBytes, 2))
            try fixture.waitForFiles(["chunk-1-0-0-1", "chunk-1-0-1-2"])
            for index in 0..<5 {
                let (bytes, firstLine) = try fixture.lease(index)
                #expect(bytes == StoreFixture.content(index))
                #expect(firstLine == Int64(index))
            }
        }
    }

    @Test("a chunk that is removed takes its file along")
    func removes() throws {
        try withTemporaryFolder { folder in
            let fixture = try StoreFixture(folder: folder, budgetChunks: 0)
            try fixture.insert(0..<2)
            for index in 0..<2 { _ = try fixture.lease(index) }
            try fixture.waitForFiles(["chunk-1-0-0-1", "chunk-1-0-1-2"])
            for index in 0..<2 { try fixture.remove(index) }
            try fixture.waitForFiles([])
            #expect(try fixture.state().heldBytes == 0)
        }
    }

    @Test("another chunk under the same task is not mixed up with one that is still being written")
    func replacedWhileSpilling() throws {
        try withTemporaryFolder { folder in
            let fixture = try StoreFixture(folder: folder, budgetChunks: 0)
            try fixture.insert(0..<1)
            try fixture.test.ask { [store = fixture.store] answer in
                store.value.lease(StoreFixture.task(0)) { _ in }
                store.value.remove(StoreFixture.task(0))
                answer(())
            }
            try fixture.insert(0..<1)
            #expect(try fixture.lease(0).0 == StoreFixture.content(0))
            try fixture.waitForFiles(["chunk-1-0-0-2"])
            #expect(try fixture.state() == (0, 2))
            #expect(try fixture.lease(0).0 == StoreFixture.content(0))
        }
    }

    @Test("a chunk that is removed while it is written is not counted twice, and leaves no file")
    func removedWhileSpilling() throws {
        try withTemporaryFolder { folder in
            let fixture = try StoreFixture(folder: folder, budgetChunks: 0)
            for index in 0..<20 {
                try fixture.insert(index..<index + 1)
                // In one turn of the loop, so that the file cannot be done in between.
                try fixture.test.ask { [store = fixture.store] answer in
                    store.value.lease(StoreFixture.task(index)) { _ in }
                    store.value.remove(StoreFixture.task(index))
                    answer(())
                }
            }
            #expect(try fixture.state() == (0, 20))
            // Files are written in turn: when the last one is there, no other is to come.
            try fixture.insert(20..<21)
            _ = try fixture.lease(20)
            try fixture.waitForFiles(["chunk-1-0-20-21"])
        }
    }
}
