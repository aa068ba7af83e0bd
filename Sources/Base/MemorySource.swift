/// Memory that nobody else refers to; that is what makes handing it between threads safe.
package struct RawMemory: @unchecked Sendable {
    package let bytes: UnsafeMutableRawBufferPointer
    /// The file that holds the memory, where other processes can be let in.
    package let descriptor: Int32?

    package init(bytes: UnsafeMutableRawBufferPointer, descriptor: Int32? = nil) {
        self.bytes = bytes
        self.descriptor = descriptor
    }
}

/// Where the memory of a pool comes from; any thread may call.
package protocol MemorySource: Sendable {
    /// Memory of exactly that size, with unspecified content.
    func allocate(sizeBytes: Int) -> RawMemory
    func free(_ memory: RawMemory)
}

/// Memory of this process alone.
package struct PrivateMemory: MemorySource {
    package init() {}

    package func allocate(sizeBytes: Int) -> RawMemory {
        RawMemory(bytes: .allocate(byteCount: sizeBytes, alignment: 64))
    }

    package func free(_ memory: RawMemory) { memory.bytes.deallocate() }
}
