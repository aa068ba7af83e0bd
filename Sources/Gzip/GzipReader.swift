import Base

/// Reads the content of a gzip input, all members of it, and verifies it on the way.
///
/// Owned by one thread. Memory is constant: one read buffer and ISA-L's window.
///
/// ```
///            first byte          stream ended            CRC and length right
/// beginning ------------> member ------------> trailer ----------------------> between
///                            ^                                                  |  \
///                            +-------------------- another 1F ------------------+   +--> end
///                                                             zeros or nothing to the end
/// ```
///
/// Bytes are handed out before the CRC behind them is known: only a count smaller than asked for
/// says that all was good. After an error every call throws it again.
package final class GzipReader {
    private enum Place { case beginning, resumption(atBit: Int), member, trailer, between, end }

    /// Content made at a time, so that the CRC and whoever looks next find it in the cache.
    static let pieceSizeBytes = 256 << 10

    private let input: CompressedInput
    private let limits: GzipLimits
    private var inflater = Inflater()
    private var place: Place
    private var failure: GzipError?

    private var memberOffset: Int64 = 0
    private var memberRawOffset: Int64 = 0
    private var memberCRC: UInt32 = 0
    /// Whether the member is read from its beginning, so that its trailer can be checked.
    private var isMemberWhole = true
    /// The window of the block to resume at; then empty.
    private var firstWindow: [UInt8] = []
    private var recorder: PointRecorder?
    private var contentEnd: CompressedMark?

    /// Bytes of content handed out so far.
    package private(set) var rawOffset: Int64 = 0
    /// CRC-32 of the content of all members that were verified so far.
    package private(set) var verifiedCRC32: UInt32 = 0

    package init(source: any ByteSource, limits: GzipLimits = .init()) {
        input = CompressedInput(source: source, hasMarks: false)
        self.limits = limits
        place = .beginning
    }

    /// Reads from the beginning, and records points for chunks of the given size.
    package init(
        source: any ByteSource,
        recordingPointsForChunksOf chunkSizeBytes: Int,
        limits: GzipLimits = .init()
    ) {
        input = CompressedInput(source: source, hasMarks: true)
        self.limits = limits
        place = .beginning
        recorder = PointRecorder(schedule: PointSchedule(chunkSizeBytes: chunkSizeBytes))
    }

    /// Reads from a block on, which begins in the source's first byte behind `bitOffset` bits.
    ///
    /// The member that the block belongs to cannot be verified by its trailer, which counts from the
    /// member's beginning: whoever resumes knows the CRC of what it reads from elsewhere.
    package init(
        source: any ByteSource,
        resumingAtBit bitOffset: Int,
        window: [UInt8],
        limits: GzipLimits = .init()
    ) {
        precondition((0...7).contains(bitOffset), "a block begins within the first byte")
        precondition(window.count <= Limits.windowSizeBytes, "a window has at most 32 KiB")
        input = CompressedInput(source: source, hasMarks: false)
        self.limits = limits
        place = .resumption(atBit: bitOffset)
        firstWindow = window
        isMemberWhole = false
    }

    /// Bytes of compressed input used so far; ISA-L may be up to 8 bytes ahead.
    package var compressedOffset: Int64 { input.offset }

    /// How far the compressed input was used for the content so far; without padding at its end.
    ///
    /// Only where points are recorded.
    package var contentMark: CompressedMark { contentEnd ?? input.mark() }

    /// How far the compressed input was read.
    ///
    /// Only where points are recorded.
    package var inputMark: CompressedMark { input.mark() }

    /// A chunk begins at an offset of the raw stream that has been read already, at least almost.
    package func beginChunk(at rawOffset: Int64) {
        recorder?.schedule.begin(chunkAt: rawOffset)
    }

    /// The last recorded point at or before an offset of the raw stream; older ones are dropped.
    package func takePoint(before rawOffset: Int64) -> BlockPoint? {
        recorder?.takePoint(before: rawOffset)
    }

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
            let size = min(buffer.count - filled, nextPieceSizeBytes)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + size])
            filled += try inflatePiece(into: piece)
        }
        return filled
    }

    /// A piece ends where a point is wanted, so that the block there is the one to stop behind.
    private var nextPieceSizeBytes: Int {
        let distance = recorder?.bytesToWanted(from: rawOffset) ?? 0
        return distance > 0 ? min(distance, Self.pieceSizeBytes) : Self.pieceSizeBytes
    }

    private func inflatePiece(
        into piece: UnsafeMutableRawBufferPointer
    ) throws(GzipError) -> Int {
        if recorder?.bytesToWanted(from: rawOffset) == 0 { inflater.requestStop() }
        let count = try inflater.inflate(from: input, into: piece)
        let content = UnsafeRawBufferPointer(rebasing: piece[..<count])
        memberCRC = crc32(content, continuing: memberCRC)
        rawOffset += Int64(count)
        recorder?.append(content)
        try checkRatio()
        if inflater.isFinished {
            place = .trailer
        } else if inflater.isStopped {
            goOnBehindBlock()
        }
        return count
    }

    /// Records the point between two blocks, and goes on from there as one who resumes does.
    ///
    /// So a CRC that is right at the member's end proves the points as well.
    private func goOnBehindBlock() {
        let bits = inflater.leftover
        let mark = input.mark(bytesBack: bits.count > 0 ? 1 : 0)
        let bitOffset = (8 - bits.count) % 8
        recorder?.add(mark, bitOffset: bitOffset, rawOffset: rawOffset)
        let window = recorder?.window ?? []
        window.withUnsafeBytes { inflater.begin(behind: $0, bits: bits) }
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
        case .resumption(let bitOffset):
            try resume(atBit: bitOffset)
            return true
        case .trailer:
            try endMember()
            return try isInMember()
        case .between:
            if try input.peek() == MemberHeader.firstMagic {
                try beginMember(isFirst: false)
                return true
            }
            if recorder != nil { contentEnd = input.mark() }
            try checkPadding()
            place = .end
            return false
        }
    }

    private func resume(atBit bitOffset: Int) throws(GzipError) {
        let bits =
            bitOffset == 0
            ? BitRest() : BitRest(try input.next() >> UInt8(bitOffset), count: 8 - bitOffset)
        firstWindow.withUnsafeBytes { inflater.begin(behind: $0, bits: bits) }
        firstWindow = []
        place = .member
    }

    private func beginMember(isFirst: Bool) throws(GzipError) {
        memberOffset = input.offset
        memberRawOffset = rawOffset
        memberCRC = 0
        isMemberWhole = true
        try MemberHeader.read(
            from: input,
            maximumSizeBytes: limits.headerSizeBytes,
            isFirst: isFirst
        )
        inflater.begin()
        place = .member
        recorder?.beginMember()
        if recorder?.bytesToWanted(from: rawOffset) == 0 {
            recorder?.add(input.mark(), bitOffset: 0, rawOffset: rawOffset)
        }
    }

    /// Checks the trailer: RFC 1952 section 2.3.1, CRC32 and ISIZE.
    private func endMember() throws(GzipError) {
        let expectedCRC = try input.nextUInt32()
        let expectedLength = try input.nextUInt32()
        place = .between
        guard isMemberWhole else { return }
        let lengthBytes = rawOffset - memberRawOffset
        let length = UInt32(truncatingIfNeeded: lengthBytes)
        if expectedCRC != memberCRC {
            throw .wrongCRC(member: memberOffset, expected: expectedCRC, found: memberCRC)
        }
        if expectedLength != length {
            throw .wrongLength(member: memberOffset, expected: expectedLength, found: length)
        }
        verifiedCRC32 = crc32(joining: verifiedCRC32, memberCRC, restSizeBytes: lengthBytes)
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
