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
        return RawMemory(bytes: bytes, descriptor: descriptor)
    }

    /// Maps the first `sizeBytes` of memory that another process shares.
    ///
    /// What is written to the block changes this process's copy alone. Nil where the memory is
    /// smaller, or cannot be mapped. Pages come as they are touched, 16 at a time: to ask for all of
    /// them at once (`MADV_POPULATE_READ`) was measured to take longer.
    package static func block(
        sharedAs descriptor: borrowing SharedDescriptor,
        sizeBytes: Int
    ) -> MemoryBlock? {
        var status = stat()
        guard sizeBytes > 0, fstat(descriptor.rawValue, &status) == 0,
            status.st_size >= sizeBytes,
            let bytes = map(
                descriptor.rawValue,
                sizeBytes: sizeBytes,
                PROT_READ | PROT_WRITE,
                MAP_PRIVATE
            )
        else { return nil }
        return MemoryBlock(RawMemory(bytes: bytes)) { memory, _ in unmap(memory.bytes) }
    }

    private static func map(
        _ descriptor: Int32,
        sizeBytes: Int,
        _ protection: Int32,
        _ flags: Int32
    ) -> UnsafeMutableRawBufferPointer? {
        let start = mmap(nil, sizeBytes, protection, flags, descriptor, 0)
        guard let start, start != MAP_FAILED else { return nil }
        return UnsafeMutableRawBufferPointer(start: start, count: sizeBytes)
    }

    private static func unmap(_ bytes: UnsafeMutableRawBufferPointer) {
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
