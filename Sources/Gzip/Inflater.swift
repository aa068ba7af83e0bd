import CISAL

/// Decodes one deflate stream (RFC 1951) after the other with ISA-L.
///
/// ISA-L runs in raw mode: the gzip frame around a stream is `GzipReader`'s, which so knows every
/// offset and goes from member to member by itself.
struct Inflater: ~Copyable {
    private let state: UnsafeMutablePointer<inflate_state>

    init() {
        state = .allocate(capacity: 1)
        // Zeros, so that no damaged input can reach old memory through the decoder's window.
        let size = MemoryLayout<inflate_state>.stride
        UnsafeMutableRawPointer(state).initializeMemory(as: UInt8.self, repeating: 0, count: size)
        isal_inflate_init(state)
    }

    deinit { state.deallocate() }

    /// Whether the stream has ended and all its bytes were handed out.
    var isFinished: Bool { state.pointee.block_state == ISAL_BLOCK_FINISH }

    /// Makes ready for the next stream.
    mutating func begin() {
        isal_inflate_reset(state)
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
            if isFinished || state.pointee.avail_out == 0 { break }
            if !(try input.fill()) { throw .truncated(offset: input.offset) }
            guard progress else {
                throw .damaged(offset: input.offset, detail: "the decoder stands still")
            }
        }
        if isFinished { returnUnusedBits(to: input) }
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

    /// Gives back the whole bytes that ISA-L took but that stand behind the end of the stream.
    ///
    /// They are in its bit buffer, lowest first, above the rest of the stream's last byte.
    private mutating func returnUnusedBits(to input: CompressedInput) {
        let bits = max(0, Int(state.pointee.read_in_length))
        input.giveBack(state.pointee.read_in >> UInt64(bits % 8), count: bits / 8)
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
