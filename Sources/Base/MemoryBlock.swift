import Synchronization

/// A block of raw memory that is filled by one thread and then read by others.
///
/// `@unchecked Sendable`: ownership is handed over with the reference. Whoever takes a block from a
/// pool writes it alone; after it has been passed on, all read only. The last reference gives the
/// memory back to its pool.
package final class MemoryBlock: @unchecked Sendable {
    package let bytes: UnsafeMutableRawBufferPointer
    private let pool: MemoryPool

    fileprivate init(bytes: UnsafeMutableRawBufferPointer, pool: MemoryPool) {
        self.bytes = bytes
        self.pool = pool
    }

    deinit { pool.give(FreeMemory(bytes: bytes)) }

    package var capacity: Int { bytes.count }

    /// The first `count` bytes.
    package func prefix(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[..<count])
    }
}

/// Memory that nobody refers to; that is what makes handing it between threads safe.
private struct FreeMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
}

/// Memory that is used again instead of being taken fresh from the kernel.
///
/// Fresh memory costs 0.33 s a GiB in page faults, which is a tenth of a whole load.
package final class MemoryPool: Sendable {
    private let free = Mutex<[FreeMemory]>([])
    private let keptBlocks: Int

    /// Creates a pool that keeps at most `keptBlocks` unused blocks.
    package init(keptBlocks: Int) { self.keptBlocks = keptBlocks }

    deinit { releaseSpares() }

    /// Gives all unused blocks back to the system.
    package func releaseSpares() {
        free.withLock { blocks in
            for block in blocks { block.bytes.deallocate() }
            blocks = []
        }
    }

    /// A block of at least `capacity` bytes with unspecified content.
    package func take(capacity: Int) -> MemoryBlock {
        let kept = free.withLock { blocks -> FreeMemory? in
            guard let index = blocks.lastIndex(where: { $0.bytes.count >= capacity }) else {
                return nil
            }
            return blocks.remove(at: index)
        }
        let bytes = kept?.bytes ?? .allocate(byteCount: Self.roundedUp(capacity), alignment: 64)
        return MemoryBlock(bytes: bytes, pool: self)
    }

    /// Eight sizes between a power of two and the next.
    ///
    /// Users ask for nearly equal sizes again and again, a chunk being as long as its lines: each
    /// must fit into the block of the one before. What is never written to takes no memory.
    private static func roundedUp(_ capacity: Int) -> Int {
        let step = max(64, 1 << max(0, Int.bitWidth - capacity.leadingZeroBitCount - 4))
        return (capacity + step - 1) / step * step
    }

    fileprivate func give(_ memory: FreeMemory) {
        let surplus = free.withLock { blocks -> FreeMemory? in
            blocks.append(memory)
            return blocks.count > keptBlocks ? blocks.removeFirst() : nil
        }
        surplus?.bytes.deallocate()
    }
}
