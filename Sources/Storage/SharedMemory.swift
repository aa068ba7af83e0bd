package import Base
import CLinux
import Glibc

/// Memory that other processes of this machine can be let in to read.
///
/// Each block is a file without a name (memfd_create(2)): it lives as long as anybody maps it, so that
/// neither side's death takes it from the other, and nothing is left behind.
package struct SharedMemory: MemorySource {
    /// Smaller blocks are private: each shared one takes a descriptor, and copying them costs little.
    private static let smallestSizeBytes = 1 << 20
    /// A huge page of x86-64, and of other processors with pages of 4 KiB: what one entry of the page
    /// table's second level maps.
    private static let hugePageBytes = 2 << 20
    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    package init() {}

    /// Shared memory, or private where there is none to be had.
    package func allocate(sizeBytes: Int) -> RawMemory {
        guard sizeBytes >= Self.smallestSizeBytes, let memory = Self.make(sizeBytes: sizeBytes)
        else { return PrivateMemory().allocate(sizeBytes: sizeBytes) }
        return memory
    }

    package func free(_ memory: RawMemory) {
        guard let descriptor = memory.descriptor else { return PrivateMemory().free(memory) }
        Self.unmap(memory.bytes)
        close(descriptor)
    }

    private static func make(sizeBytes: Int) -> RawMemory? {
        let descriptor = otcluster_shared_file("otcluster", sizeBytes)
        guard descriptor >= 0 else { return nil }
        let flags = PROT_READ | PROT_WRITE
        guard let bytes = map(descriptor, sizeBytes: sizeBytes, flags, MAP_SHARED) else {
            close(descriptor)
            return nil
        }
        takeHugePages(for: bytes)
        return RawMemory(bytes: bytes, descriptor: descriptor)
    }

    /// Lets the kernel back fresh memory with huge pages, as far as it has some.
    ///
    /// A tenth of the time that single pages take, for whoever touches them first; and each reader
    /// takes one fault where it would take 32. `MADV_COLLAPSE` (madvise(2), since Linux 6.1) asks once,
    /// whatever the system's settings are, and only where something of the page was touched. Where
    /// it is refused there are single pages.
    private static func takeHugePages(for bytes: UnsafeMutableRawBufferPointer) {
        let wholeBytes = bytes.count / hugePageBytes * hugePageBytes
        guard wholeBytes > 0 else { return }
        for offset in stride(from: 0, to: wholeBytes, by: hugePageBytes) { bytes[offset] = 0 }
        _ = madvise(bytes.baseAddress, wholeBytes, Int32(OTCLUSTER_COLLAPSE))
    }

    /// Maps the first `sizeBytes` of memory that another process shares.
    ///
    /// What is written to the block changes this process's copy alone. Nil where the memory is
    /// smaller, or cannot be mapped. Pages come as they are touched: to ask for all of them at once
    /// (`MADV_POPULATE_READ`) was measured to take longer.
    package static func block(
        sharedAs descriptor: borrowing SharedDescriptor,
        sizeBytes: Int
    ) -> MemoryBlock? {
        var status = stat()
        // All of it, for a huge page can only be mapped whole.
        guard sizeBytes > 0, fstat(descriptor.rawValue, &status) == 0,
            status.st_size >= sizeBytes,
            let whole = map(
                descriptor.rawValue,
                sizeBytes: Int(status.st_size),
                PROT_READ | PROT_WRITE,
                MAP_PRIVATE
            )
        else { return nil }
        let mappedBytes = whole.count
        let bytes = UnsafeMutableRawBufferPointer(rebasing: whole[..<sizeBytes])
        return MemoryBlock(RawMemory(bytes: bytes)) { memory, _ in
            let start = memory.bytes.baseAddress
            unmap(UnsafeMutableRawBufferPointer(start: start, count: mappedBytes))
        }
    }

    /// Maps the memory at an address that is a multiple of a huge page's size, as its offset in the
    /// file is: otherwise huge pages cannot be mapped as such.
    private static func map(
        _ descriptor: Int32,
        sizeBytes: Int,
        _ protection: Int32,
        _ flags: Int32
    ) -> UnsafeMutableRawBufferPointer? {
        let reservedBytes = sizeBytes + hugePageBytes
        let reservation = mmap(
            nil,
            reservedBytes,
            PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0
        )
        guard let reservation, reservation != MAP_FAILED else { return nil }
        let reserved = UnsafeMutableRawBufferPointer(start: reservation, count: reservedBytes)
        let start = reservation.alignedUp(toMultipleOf: hugePageBytes)
        let mapped = mmap(start, sizeBytes, protection, flags | MAP_FIXED, descriptor, 0)
        guard mapped == start else {
            unmap(reserved)
            return nil
        }
        let before = reservation.distance(to: start)
        // Only whole pages can be unmapped.
        let end = (before + sizeBytes + pageBytes - 1) / pageBytes * pageBytes
        unmap(UnsafeMutableRawBufferPointer(rebasing: reserved[..<before]))
        unmap(UnsafeMutableRawBufferPointer(rebasing: reserved[end...]))
        return UnsafeMutableRawBufferPointer(start: start, count: sizeBytes)
    }

    private static func unmap(_ bytes: UnsafeMutableRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let code = munmap(bytes.baseAddress, bytes.count)
        precondition(code == 0, "memory that was mapped can be unmapped")
    }
}

/// A descriptor of another process's memory, closed when it is not needed any more.
package struct SharedDescriptor: ~Copyable {
    let rawValue: Int32

    init(takingOver descriptor: Int32) { rawValue = descriptor }

    deinit { close(rawValue) }
}
