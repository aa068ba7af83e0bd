import Base
import Glibc
import Storage
import Testing

@Suite("Memory that another process is let in to read")
struct MemoryHandoverTests {
    private static let sizeBytes = 1 << 20
    private let pool = MemoryPool(keptBlocks: 0, source: SharedMemory())

    /// Both ends; the child's is taken over as a child does, from a descriptor.
    private func ends() throws -> (ours: MemoryHandover, childs: MemoryHandover) {
        let (ours, descriptor) = try MemoryHandover.pair()
        return (ours, try #require(MemoryHandover(inherited: descriptor)))
    }

    private func block(filledWith byte: UInt8) -> MemoryBlock {
        let block = pool.take(capacity: Self.sizeBytes)
        block.bytes.initializeMemory(as: UInt8.self, repeating: byte)
        return block
    }

    /// The bytes of a block, which has to live until they are copied; none of none.
    private func bytes(of block: MemoryBlock?) -> [UInt8] {
        withExtendedLifetime(block) { block.map { Array($0.bytes) } ?? [] }
    }

    @Test("what was written to a block is there for who was let in")
    func content() throws {
        let (ours, childs) = try ends()
        let sent = block(filledWith: 7)
        #expect(ours.send(3, sent))
        let received = try #require(childs.receive(3, sizeBytes: Self.sizeBytes))
        #expect(received.capacity == Self.sizeBytes)
        #expect(bytes(of: received).allSatisfy { $0 == 7 })
    }

    @Test("what the reader writes stays with the reader")
    func privateChanges() throws {
        let (ours, childs) = try ends()
        let sent = block(filledWith: 7)
        #expect(ours.send(3, sent))
        let received = try #require(childs.receive(3, sizeBytes: Self.sizeBytes))
        received.bytes[5] = 9
        #expect(bytes(of: sent)[5] == 7)
        #expect(bytes(of: received)[5] == 9)
    }

    @Test("large memory lies where huge pages can be mapped, on both sides")
    func hugePages() throws {
        let hugePageBytes = 2 << 20
        let sizeBytes = 2 * hugePageBytes + 4097
        let (ours, childs) = try ends()
        let sent = pool.take(capacity: sizeBytes)
        sent.bytes.initializeMemory(as: UInt8.self, repeating: 7)
        #expect(ours.send(3, sent))
        let received = try #require(childs.receive(3, sizeBytes: sizeBytes))
        for block in [sent, received] {
            #expect(Int(bitPattern: block.bytes.baseAddress) % hugePageBytes == 0)
        }
        #expect(received.capacity == sizeBytes)
        #expect(bytes(of: received).allSatisfy { $0 == 7 })
    }

    @Test("a reader keeps what it has when the block is gone, and when its sender is")
    func readerOutlivesBlock() throws {
        let (ours, childs) = try ends()
        var sent: MemoryBlock? = block(filledWith: 7)
        #expect(ours.send(3, try #require(sent)))
        sent = nil
        let received = try #require(childs.receive(3, sizeBytes: Self.sizeBytes))
        #expect(bytes(of: received).allSatisfy { $0 == 7 })
    }

    @Test("a block nobody asked for in its turn is passed over")
    func skipped() throws {
        let (ours, childs) = try ends()
        for number: Int64 in 1...3 {
            #expect(ours.send(number, block(filledWith: UInt8(number))))
        }
        #expect(bytes(of: childs.receive(2, sizeBytes: Self.sizeBytes)).first == 2)
        #expect(childs.receive(1, sizeBytes: Self.sizeBytes) == nil)
    }

    @Test("a block smaller than was told, or never sent, is none")
    func missing() throws {
        let (ours, childs) = try ends()
        let sent = block(filledWith: 7)
        #expect(childs.receive(1, sizeBytes: Self.sizeBytes) == nil)
        #expect(ours.send(1, sent))
        #expect(childs.receive(1, sizeBytes: sent.capacity + 1) == nil)
    }

    @Test("a small block is private, and must be sent as bytes")
    func smallBlocks() throws {
        let (ours, _) = try ends()
        let small = pool.take(capacity: 1000)
        #expect(small.descriptor == nil)
        #expect(!ours.send(1, small))
    }

    @Test("a reader that is gone, or takes nothing, costs no waiting")
    func absentReader() throws {
        let (ours, descriptor) = try MemoryHandover.pair()
        let sent = block(filledWith: 7)
        var count: Int64 = 0
        while ours.send(count, sent) { count += 1 }
        #expect(count > 0)
        close(descriptor)
        #expect(!ours.send(count, sent))
    }

    @Test("the last number that was sent alone is heard")
    func numbers() throws {
        let (ours, childs) = try ends()
        #expect(ours.receiveNumber() == nil)
        childs.send(4)
        childs.send(5)
        #expect(ours.receiveNumber() == 5)
        #expect(ours.receiveNumber() == nil)
    }

    @Test("no other descriptor is taken for an end")
    func otherDescriptors() throws {
        var pipes: [Int32] = [-1, -1]
        try #require(pipe(&pipes) == 0)
        defer { for end in pipes { close(end) } }
        #expect(MemoryHandover(inherited: pipes[0]) == nil)
    }
}
