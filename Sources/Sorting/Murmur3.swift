/// MurmurHash3, x86, 32 bits, seed 0: what buckets are chosen by, here as in DuckLake and Iceberg.
///
/// https://iceberg.apache.org/spec/#appendix-b-32-bit-hash-requirements gives values to check against.
enum Murmur3 {
    /// The hash of an integer, a date or a timestamp: of its 8 bytes, the lowest first.
    static func hash(_ value: Int64) -> UInt32 {
        withUnsafeBytes(of: value.littleEndian) { hash($0) }
    }

    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var hash: UInt32 = 0
        let whole = bytes.count & ~3
        for offset in stride(from: 0, to: whole, by: 4) {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            hash ^= scrambled(UInt32(littleEndian: word))
            hash = (rotated(hash, by: 13) &* 5) &+ 0xE654_6B64
        }
        var rest: UInt32 = 0
        for offset in (whole..<bytes.count).reversed() { rest = rest << 8 | UInt32(bytes[offset]) }
        hash ^= scrambled(rest)
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ (hash >> 16)) &* 0x85EB_CA6B
        hash = (hash ^ (hash >> 13)) &* 0xC2B2_AE35
        return hash ^ (hash >> 16)
    }

    /// The bucket, counted from 0, that a hash falls into.
    static func bucket(_ hash: UInt32, of count: Int) -> Int64 {
        Int64(hash & 0x7FFF_FFFF) % Int64(count)
    }

    private static func scrambled(_ word: UInt32) -> UInt32 {
        rotated(word &* 0xCC9E_2D51, by: 15) &* 0x1B87_3593
    }

    private static func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 {
        word << bits | word >> (32 - bits)
    }
}
