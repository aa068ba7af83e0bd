import Synchronization

/// A block of raw memory that is filled by one thread and then read by others.
///
/// `@unchecked Sendable`: ownership is handed over with the reference. Whoever takes a block from a
/// pool writes it alone; after it has been passed on, all read only. The last reference gives the
/// memory back to where it came from.
package final class MemoryBlock: @unchecked Sendable {
    package let bytes: UnsafeMutableRawBufferPointer
    /// The file that holds the memory, where another process can read it there.
    package let descriptor: Int32?
    /// Other processes that may read the memory.
    private let readers = Atomic<Int>(0)
    private let release: @Sendable (RawMemory, _ isRead: Bool) -> Void

    /// Makes a block of memory that `release` takes back; it is told whether others may still read it.
    package init(
        _ memory: RawMemory,
        release: @escaping @Sendable (RawMemory, _ isRead: Bool) -> Void
    ) {
        bytes = memory.bytes
        descriptor = memory.descriptor
        self.release = release
    }

    deinit {
        let isRead = readers.load(ordering: .acquiring) > 0
        release(RawMemory(bytes: bytes, descriptor: descriptor), isRead)
    }

    package var capacity: Int { bytes.count }

    /// The first `count` bytes.
    package func prefix(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[..<count])
    }

    /// Notes that another process reads the memory from now on, until `endReading`.
    ///
    /// Memory of which that was never said is not written again, whoever holds the block.
    package func beginReading() { readers.add(1, ordering: .relaxed) }

    /// Notes that a process that was let in has read what it wanted.
    package func endReading() { readers.subtract(1, ordering: .releasing) }
}

/// Memory that is used again instead of being taken fresh from the kernel.
///
/// Fresh memory costs 0.33 s a GiB in page faults, which is a tenth of a whole load.
package final class MemoryPool: Sendable {
    private let free = Mutex<[RawMemory]>([])
    private let keptBlocks: Int
    private let source: any MemorySource

    /// Creates a pool that keeps at most `keptBlocks` unused blocks.
    package init(keptBlocks: Int, source: any MemorySource = PrivateMemory()) {
        self.keptBlocks = keptBlocks
        self.source = source
    }

    deinit { releaseSpares() }

    /// Gives all unused blocks back to the system.
    package func releaseSpares() {
        free.withLock { blocks in
            for block in blocks { source.free(block) }
            blocks = []
        }
    }

    /// A block of at least `capacity` bytes with unspecified content.
    package func take(capacity: Int) -> MemoryBlock {
        let kept = free.withLock { blocks -> RawMemory? in
            guard let index = blocks.lastIndex(where: { $0.bytes.count >= capacity }) else {
                return nil
            }
            return blocks.remove(at: index)
        }
        let memory = kept ?? source.allocate(sizeBytes: Self.roundedUp(capacity))
        return MemoryBlock(memory) { [self] in give($0, isRead: $1) }
    }

    /// Eight sizes between a power of two and the next.
    ///
    /// Users ask for nearly equal sizes again and again, a chunk being as long as its lines: each
    /// must fit into the block of the one before. What is never written to takes no memory.
    private static func roundedUp(_ capacity: Int) -> Int {
        let step = max(64, 1 << max(0, Int.bitWidth - capacity.leadingZeroBitCount - 4))
        return (capacity + step - 1) / step * step
    }

    private func give(_ memory: RawMemory, isRead: Bool) {
        // The other process keeps what it reads; here the memory goes, and is never written again.
        guard !isRead else { return source.free(memory) }
        let surplus = free.withLock { blocks -> RawMemory? in
            blocks.append(memory)
            return blocks.count > keptBlocks ? blocks.removeFirst() : nil
        }
        if let surplus { source.free(surplus) }
    }
}
