import Columns

/// Stores text ranges one after the other, each as one 64-bit word.
///
/// A call of `TextRange`'s initializer is not inlined from another module, which costs a loop over
/// fields more than all else it does.
struct RangeWriter {
    private let words: UnsafeMutableRawPointer

    /// The word for null, which is written in place of a range.
    static var null: UInt64 { word(start: 0, length: .max) }

    init(_ ranges: UnsafeMutablePointer<TextRange>) {
        assert(MemoryLayout<TextRange>.stride == MemoryLayout<UInt64>.stride)
        assert(TextRange.nullLength == .max && TextRange.null.start == 0)
        words = UnsafeMutableRawPointer(ranges)
    }

    /// Start and length in the order in which `TextRange` declares them.
    @inline(__always)
    static func word(start: UInt32, length: UInt32) -> UInt64 {
        (UInt64(start) | UInt64(length) << 32).littleEndian
    }

    @inline(__always)
    func store(_ word: UInt64, at index: Int) {
        words.storeBytes(of: word, toByteOffset: index &* 8, as: UInt64.self)
    }

    @inline(__always)
    func store(from start: UInt32, to end: UInt32, at index: Int) {
        store(Self.word(start: start, length: end &- start), at: index)
    }
}
