/// Reads the content of a gzip input, all members of it, and verifies it on the way.
///
/// Owned by one thread. Memory is constant: one read buffer and ISA-L's window.
///
/// ```
///            first byte          stream ended, CRC and length right
/// beginning ------------> member ----------------------------------> between
///                            ^                                          |  \
///                            +------------- another 1F -----------------+   +--> end
///                                                     zeros or nothing to the end
/// ```
///
/// Bytes are handed out before the CRC behind them is known: only the 0 of `read` says that all was
/// good. After an error every call throws it again.
package final class GzipReader {
    private enum Place { case beginning, member, between, end }

    /// Content made at a time, so that the CRC and whoever looks next find it in the cache.
    static let pieceSizeBytes = 256 << 10

    private let input: CompressedInput
    private let limits: GzipLimits
    private var inflater = Inflater()
    private var place = Place.beginning
    private var failure: GzipError?

    private var memberOffset: Int64 = 0
    private var memberCRC: UInt32 = 0
    /// Content bytes of this member, modulo 2^32 as the trailer has them.
    private var memberLength: UInt32 = 0

    /// Bytes of content handed out so far.
    package private(set) var rawOffset: Int64 = 0

    package init(source: any ByteSource, limits: GzipLimits = .init()) {
        input = CompressedInput(source: source)
        self.limits = limits
    }

    /// Bytes of compressed input used so far; ISA-L may be up to 8 bytes ahead.
    package var compressedOffset: Int64 { input.offset }

    /// Inflates until `buffer` is full or the end is verified.
    ///
    /// A smaller count than the buffer's means that the verified end is reached; 0 is returned there
    /// and nowhere else.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int {
        precondition(!buffer.isEmpty, "0 bytes would look like the end")
        if let failure { throw failure }
        do {
            return try fill(buffer)
        } catch {
            failure = error
            throw error
        }
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int {
        var filled = 0
        while filled < buffer.count, try isInMember() {
            let pieceEnd = min(buffer.count, filled + Self.pieceSizeBytes)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<pieceEnd])
            filled += try inflatePiece(into: piece)
        }
        return filled
    }

    private func inflatePiece(
        into piece: UnsafeMutableRawBufferPointer
    ) throws(GzipError) -> Int {
        let count = try inflater.inflate(from: input, into: piece)
        memberCRC = crc32(UnsafeRawBufferPointer(rebasing: piece[..<count]), continuing: memberCRC)
        memberLength &+= UInt32(count)
        rawOffset += Int64(count)
        try checkRatio()
        if inflater.isFinished { try endMember() }
        return count
    }

    /// Goes on to the next member where none is open; false at the verified end.
    private func isInMember() throws(GzipError) -> Bool {
        switch place {
        case .member: return true
        case .end: return false
        case .beginning:
            if try input.peek() == nil { throw .empty }
            try beginMember(isFirst: true)
            return true
        case .between:
            if try input.peek() == MemberHeader.firstMagic {
                try beginMember(isFirst: false)
                return true
            }
            try checkPadding()
            place = .end
            return false
        }
    }

    private func beginMember(isFirst: Bool) throws(GzipError) {
        memberOffset = input.offset
        memberCRC = 0
        memberLength = 0
        try MemberHeader.read(
            from: input,
            maximumSizeBytes: limits.headerSizeBytes,
            isFirst: isFirst
        )
        inflater.begin()
        place = .member
    }

    /// Checks the trailer: RFC 1952 section 2.3.1, CRC32 and ISIZE.
    private func endMember() throws(GzipError) {
        let expectedCRC = try input.nextUInt32()
        let expectedLength = try input.nextUInt32()
        if expectedCRC != memberCRC {
            throw .wrongCRC(member: memberOffset, expected: expectedCRC, found: memberCRC)
        }
        if expectedLength != memberLength {
            throw .wrongLength(member: memberOffset, expected: expectedLength, found: memberLength)
        }
        place = .between
    }

    /// Reads to the end of the input, where only zeros may stand.
    ///
    /// Tapes and block devices pad with them, and gzip itself accepts that.
    private func checkPadding() throws(GzipError) {
        while try input.fill() {
            let unread = input.unread
            if let index = unread.firstIndex(where: { $0 != 0 }) {
                throw .trailingBytes(offset: input.offset + Int64(index))
            }
            input.use(unread.count)
        }
    }

    private func checkRatio() throws(GzipError) {
        guard rawOffset > limits.ratioFloorBytes else { return }
        if rawOffset / limits.maximumRatio > input.offset {
            throw .ratioExceeded(
                offset: input.offset,
                rawSizeBytes: rawOffset,
                maximumRatio: limits.maximumRatio
            )
        }
    }
}
