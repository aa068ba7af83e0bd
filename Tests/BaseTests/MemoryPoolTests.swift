import Base
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
}
