/// Reads the header of one gzip member: RFC 1952 section 2.3.
///
/// ```
/// 1F 8B 08 FLG MTIME(4) XFL OS  [XLEN(2) extra]  [name 00]  [comment 00]  [CRC16(2)]
/// ```
///
/// Nothing in it matters to the content, so the fields are only walked over and, where the header
/// carries a CRC, checked.
struct MemberHeader {
    static let firstMagic: UInt8 = 0x1F
    private static let secondMagic: UInt8 = 0x8B
    private static let deflate: UInt8 = 8

    /// The bits of FLG; bit 0 (FTEXT) is a hint without meaning, bits 5 to 7 are reserved.
    private enum Flag {
        static let headerCRC: UInt8 = 1 << 1
        static let extra: UInt8 = 1 << 2
        static let name: UInt8 = 1 << 3
        static let comment: UInt8 = 1 << 4
        static let reserved: UInt8 = 0b1110_0000
    }

    /// MTIME, XFL and OS.
    private static let ignoredBytes = 6

    private let input: CompressedInput
    private let maximumSizeBytes: Int
    private let start: Int64
    /// All bytes so far, for the CRC.
    private var bytes: [UInt8] = []

    /// Uses the header at the front of `input`; the two magic bytes may be missing there.
    static func read(
        from input: CompressedInput,
        maximumSizeBytes: Int,
        isFirst: Bool
    ) throws(GzipError) {
        var header = MemberHeader(input: input, maximumSizeBytes: maximumSizeBytes)
        try header.readMagic(isFirst: isFirst)
        try header.readFields()
    }

    private init(input: CompressedInput, maximumSizeBytes: Int) {
        self.input = input
        self.maximumSizeBytes = maximumSizeBytes
        start = input.offset
    }

    /// What is not a member is foreign at the front, and trailing behind another member.
    private mutating func readMagic(isFirst: Bool) throws(GzipError) {
        for magic in [Self.firstMagic, Self.secondMagic] where try next() != magic {
            throw isFirst ? .notGzip(offset: start) : .trailingBytes(offset: start)
        }
    }

    private mutating func readFields() throws(GzipError) {
        let method = try next()
        guard method == Self.deflate else {
            throw unsupported("compression method \(method), only 8 (deflate) is defined")
        }
        let flags = try next()
        guard flags & Flag.reserved == 0 else { throw unsupported("reserved flags are set") }
        try skip(Self.ignoredBytes)
        if flags & Flag.extra != 0 { try skip(Int(try nextUInt16())) }
        if flags & Flag.name != 0 { try skipText() }
        if flags & Flag.comment != 0 { try skipText() }
        if flags & Flag.headerCRC != 0 { try checkCRC() }
    }

    /// The CRC-16 is the lower half of the CRC-32 of all bytes before it.
    private mutating func checkCRC() throws(GzipError) {
        let found = UInt16(truncatingIfNeeded: bytes.withUnsafeBytes { crc32($0) })
        let expected = try nextUInt16()
        if expected != found {
            throw .wrongHeaderCRC(member: start, expected: expected, found: found)
        }
    }

    private mutating func next() throws(GzipError) -> UInt8 {
        guard bytes.count < maximumSizeBytes else {
            throw unsupported("longer than \(maximumSizeBytes) bytes")
        }
        let byte = try input.next()
        bytes.append(byte)
        return byte
    }

    private mutating func nextUInt16() throws(GzipError) -> UInt16 {
        let low = try next()
        return UInt16(low) | UInt16(try next()) << 8
    }

    private mutating func skip(_ count: Int) throws(GzipError) {
        for _ in 0..<count { _ = try next() }
    }

    /// Skips text up to and with the zero byte that ends it.
    private mutating func skipText() throws(GzipError) {
        while try next() != 0 {}
    }

    private func unsupported(_ detail: String) -> GzipError {
        .unsupportedHeader(offset: input.offset, detail: detail)
    }
}
