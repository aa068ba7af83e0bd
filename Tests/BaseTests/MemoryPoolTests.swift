import Base
import Synchronization
import Testing

@Suite("Memory pools")
struct MemoryPoolTests {
    @Test("a block is used again for any size of about the same")
    func reuse() {
        let pool = MemoryPool(keptBlocks: 1)
        let size = 8 << 20
        let first = UnsafeRawPointer(pool.take(capacity: size - 5000).bytes.baseAddress)
        let second = UnsafeRawPointer(pool.take(capacity: size).bytes.baseAddress)
        #expect(first == second)
    }

    @Test(
        "a block has at least the wanted size, and at most an eighth more",
        arguments: [1, 63, 64]
    )
    func capacity(odd: Int) {
        let pool = MemoryPool(keptBlocks: 0)
        for exponent in 10..<26 {
            let wanted = 1 << exponent + odd
            let capacity = pool.take(capacity: wanted).capacity
            #expect(capacity >= wanted)
            #expect(capacity <= wanted + max(64, wanted / 8))
        }
    }

    @Test("blocks in use stay when the unused ones are released")
    func release() {
        let pool = MemoryPool(keptBlocks: 2)
        let used = pool.take(capacity: 1000)
        used.bytes[999] = 7
        _ = pool.take(capacity: 1000)
        pool.releaseSpares()
        #expect(used.bytes[999] == 7)
        #expect(pool.take(capacity: 1000).bytes.baseAddress != used.bytes.baseAddress)
    }

    @Test("memory that another process may still read is given back and never used again")
    func memoryWithReaders() {
        let source = CountingMemory()
        let pool = MemoryPool(keptBlocks: 4, source: source)
        var block: MemoryBlock? = pool.take(capacity: 1000)
        block?.beginReading()
        block?.beginReading()
        block?.endReading()
        block = nil
        #expect(source.freed.load(ordering: .relaxed) == 1)
        _ = pool.take(capacity: 1000)
        #expect(source.allocated.load(ordering: .relaxed) == 2)
    }

    @Test("memory whose readers have ended is used again")
    func memoryAfterReaders() {
        let source = CountingMemory()
        let pool = MemoryPool(keptBlocks: 4, source: source)
        var block: MemoryBlock? = pool.take(capacity: 1000)
        block?.beginReading()
        block?.endReading()
        block = nil
        _ = pool.take(capacity: 1000)
        #expect(source.allocated.load(ordering: .relaxed) == 1)
        #expect(source.freed.load(ordering: .relaxed) == 0)
    }
}

/// Private memory that counts how often it was asked for and given back.
private final class CountingMemory: MemorySource {
    let allocated = Atomic<Int>(0)
    let freed = Atomic<Int>(0)

    func allocate(sizeBytes: Int) -> RawMemory {
        allocated.add(1, ordering: .relaxed)
        return PrivateMemory().allocate(sizeBytes: sizeBytes)
    }

    func free(_ memory: RawMemory) {
        freed.add(1, ordering: .relaxed)
        PrivateMemory().free(memory)
    }
}
