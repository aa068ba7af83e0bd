import CISAL

/// Decodes one deflate stream (RFC 1951) after the other with ISA-L.
///
/// ISA-L runs in raw mode: the gzip frame around a stream is `GzipReader`'s, which so knows every
/// offset and goes from member to member by itself.
///
/// ISA-L has no call that stops between two blocks, but the end of a stream is nothing but the end
/// of a block whose header had the bit BFINAL (RFC 1951 section 3.2.3), which the state keeps. To
/// stop behind a block, that bit is set while the block is decoded; what comes next is begun like a
/// stream of its own, with the window that its references may reach into.
struct Inflater: ~Copyable {
    private let state: UnsafeMutablePointer<inflate_state>
    private var isStopRequested = false

    /// Bits of the last used byte that belong to what follows the end of a block or stream.
    private(set) var leftover = BitRest()

    init() {
        state = .allocate(capacity: 1)
        // Zeros, so that no damaged input can reach old memory through the decoder's window.
        let size = MemoryLayout<inflate_state>.stride
        UnsafeMutableRawPointer(state).initializeMemory(as: UInt8.self, repeating: 0, count: size)
        isal_inflate_init(state)
    }

    deinit { state.deallocate() }

    private var hasEnded: Bool { state.pointee.block_state == ISAL_BLOCK_FINISH }

    /// Whether the stream has ended and all its bytes were handed out.
    var isFinished: Bool { hasEnded && !isStopRequested }

    /// Whether all bytes were handed out of the block behind which to stop.
    var isStopped: Bool { hasEnded && isStopRequested }

    /// Makes ready for the next stream.
    mutating func begin() {
        isal_inflate_reset(state)
        isStopRequested = false
    }

    /// Makes ready for a block in the middle of a stream.
    ///
    /// - Parameters:
    ///   - window: the content before the block, the last 32 KiB of it, or all where there is less.
    ///   - bits: the beginning of the block's header, which stands in a byte that is used already.
    mutating func begin(behind window: UnsafeRawBufferPointer, bits: BitRest) {
        begin()
        if let start = window.baseAddress, !window.isEmpty {
            let dictionary = UnsafeMutableRawPointer(mutating: start)
                .assumingMemoryBound(to: UInt8.self)
            let code = isal_inflate_set_dict(state, dictionary, UInt32(window.count))
            precondition(code == ISAL_DECOMP_OK, "ISA-L takes a window in a fresh state")
        }
        state.pointee.read_in = UInt64(bits.value)
        state.pointee.read_in_length = Int32(bits.count)
    }

    /// Asks for a stop behind the block that is being decoded.
    ///
    /// Without effect, which `isStopped` then tells, where the decoder stands between two blocks or
    /// within a header, and in a stream's last block. To be repeated until the decoder has stopped.
    mutating func requestStop() {
        guard !isStopRequested, state.pointee.bfinal == 0 else { return }
        let place = state.pointee.block_state
        guard place == ISAL_BLOCK_CODED || place == ISAL_BLOCK_TYPE0 else { return }
        state.pointee.bfinal = 1
        isStopRequested = true
    }

    /// Fills `output`, or as much of it as the stream still has, and returns the number of bytes.
    mutating func inflate(
        from input: CompressedInput,
        into output: UnsafeMutableRawBufferPointer
    ) throws(GzipError) -> Int {
        state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = UInt32(output.count)
        // ISA-L may hold bytes back that fit now, so it is asked before more input is.
        while true {
            let progress = try step(input)
            if hasEnded || state.pointee.avail_out == 0 { break }
            if !(try input.fill()) { throw .truncated(offset: input.offset) }
            guard progress else {
                throw .damaged(offset: input.offset, detail: "the decoder stands still")
            }
        }
        if hasEnded { returnUnusedBits(to: input) }
        return output.count - Int(state.pointee.avail_out)
    }

    /// Decodes what is at hand; false if that neither used nor gave a byte and input was there.
    private mutating func step(_ input: CompressedInput) throws(GzipError) -> Bool {
        let unread = input.unread
        let outputBefore = state.pointee.avail_out
        state.pointee.next_in = unread.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_in = UInt32(unread.count)
        let code = isal_inflate(state)
        let used = unread.count - Int(state.pointee.avail_in)
        if code < 0 {
            // ISA-L's counts may be out of any range after an error.
            input.use(min(max(used, 0), unread.count))
            throw .damaged(offset: input.offset, detail: Self.detail(of: code))
        }
        input.use(used)
        return used > 0 || outputBefore != state.pointee.avail_out || unread.isEmpty
    }

    /// Gives back the whole bytes that ISA-L took but that stand behind the end.
    ///
    /// They are in its bit buffer, above the rest of the last byte.
    private mutating func returnUnusedBits(to input: CompressedInput) {
        let bits = max(0, Int(state.pointee.read_in_length))
        input.giveBack(bits / 8)
        leftover = BitRest(UInt8(truncatingIfNeeded: state.pointee.read_in), count: bits % 8)
        state.pointee.read_in_length = 0
    }

    private static func detail(of code: Int32) -> String {
        switch code {
        case ISAL_INVALID_BLOCK: "invalid block"
        case ISAL_INVALID_SYMBOL: "invalid symbol"
        case ISAL_INVALID_LOOKBACK: "reference to before the beginning"
        default: "ISA-L code \(code)"
        }
    }
}

/// Some of a byte's bits, from 0 to 7 of them; deflate takes the lowest first.
struct BitRest: Equatable {
    let value: UInt8
    let count: Int

    init() { (value, count) = (0, 0) }

    /// The lowest `count` bits of `byte`.
    init(_ byte: UInt8, count: Int) {
        precondition((0...7).contains(count), "more would be a byte")
        value = byte & (1 << UInt8(count) - 1)
        self.count = count
    }
}
