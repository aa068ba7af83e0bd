import Glibc

/// A growable run of raw bytes that is never filled with zeros and keeps its memory.
///
/// Fresh memory costs page faults (0.33 s per GiB measured), so one buffer serves row group after
/// row group. Behind the reserved room there are always `slackBytes` that may be overwritten, so that
/// copies may be made in whole vectors.
package struct ByteBuffer: ~Copyable, @unchecked Sendable {
    // Sendable: the memory has exactly one owner, this value.

    /// Bytes behind any reserved room that a vector store may touch: one 16-byte copy, or one group
    /// of eight 16-bit packed values.
    static let slackBytes = 32
    /// The first allocation; small, because a table may have 1024 columns of little text.
    private static let smallestCapacity = 4 << 10

    /// Bytes filled in.
    package private(set) var count = 0
    private var capacity = 0
    private var base: UnsafeMutableRawPointer

    package init() { base = Self.allocate() }

    deinit { free(base) }

    /// The bytes filled in; valid until the buffer is changed or released.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    package mutating func removeAll(keepingCapacity: Bool = true) {
        count = 0
        guard !keepingCapacity else { return }
        free(base)
        base = Self.allocate()
        capacity = 0
    }

    package mutating func append(contentsOf source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress else { return }
        reserve(source.count).copyMemory(from: start, byteCount: source.count)
        count += source.count
    }

    package mutating func append(_ byte: UInt8) {
        reserve(1).storeBytes(of: byte, as: UInt8.self)
        count += 1
    }

    /// Appends so many bytes that `fill` writes.
    package mutating func append<Value>(
        count added: Int,
        _ fill: (UnsafeMutableRawBufferPointer) -> Value
    ) -> Value {
        let value = fill(UnsafeMutableRawBufferPointer(start: reserve(added), count: added))
        count += added
        return value
    }

    /// Makes room for `additional` bytes and returns where they begin, behind the bytes filled in.
    @discardableResult
    mutating func reserve(_ additional: Int) -> UnsafeMutableRawPointer {
        if count + additional > capacity { grow(to: count + additional) }
        return base + count
    }

    /// Takes in bytes that were written into the reserved room.
    mutating func advance(by written: Int) {
        precondition(
            written >= 0 && count + written <= capacity,
            "written beyond the reserved room"
        )
        count += written
    }

    /// Drops everything behind the first `newCount` bytes.
    mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "a buffer does not grow by truncation")
        count = newCount
    }

    /// The first byte, for changes in place.
    var start: UnsafeMutableRawPointer { base }

    /// Large blocks are moved by the kernel as they are: neither copied nor taken fresh.
    private mutating func grow(to needed: Int) {
        capacity = max(needed, capacity * 2, Self.smallestCapacity)
        guard let larger = realloc(base, capacity + Self.slackBytes) else {
            preconditionFailure("no memory for \(capacity) bytes")
        }
        base = larger
    }

    /// Memory that `realloc` may move, at a multiple of 16 as all of malloc(3).
    private static func allocate() -> UnsafeMutableRawPointer {
        guard let base = malloc(slackBytes) else { preconditionFailure("no memory for a buffer") }
        return base
    }
}

extension ByteBuffer {
    /// Appends an unsigned LEB128 number, as Thrift, RLE and delta headers use it.
    mutating func appendVarint(_ value: UInt64) {
        let room = reserve(10)
        var rest = value
        var written = 0
        while rest >= 0x80 {
            room.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80,
                toByteOffset: written,
                as: UInt8.self
            )
            rest >>= 7
            written += 1
        }
        room.storeBytes(of: UInt8(rest), toByteOffset: written, as: UInt8.self)
        count += written + 1
    }

    /// Appends a signed number in zigzag form: small magnitudes are short.
    mutating func appendZigzag(_ value: Int64) {
        appendVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }
}
