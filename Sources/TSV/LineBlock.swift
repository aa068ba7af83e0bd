/// About 256 KiB of whole lines, and where their delimiters stand.
///
/// Small enough that text, positions and the columns made of them stay in the L2 cache while one
/// column after the other is converted.
struct LineBlock: ~Copyable {
    /// Bytes of text of a block.
    ///
    /// Measured: 64 KiB to 2 MiB make no difference beyond noise.
    static let sizeBytes = 256 << 10

    /// Byte range of the text; `end` is behind a newline.
    private(set) var start = 0
    private(set) var end = 0
    /// Whether every line has as many fields as there are columns.
    private(set) var isShaped = false
    private(set) var isUTF8 = false
    private(set) var delimiterCount = 0
    /// Delimiters of lines that were handed out.
    private(set) var consumedCount = 0

    /// The byte before the block, then each delimiter.
    ///
    /// So field i of the block lies between entries i and i + 1, the first field of a line
    /// included: the newline before it is an entry like the tabs.
    private var positions = PositionBuffer(capacity: 1 + sizeBytes + VectorLevel.scanSlack)
    /// Forgets the block; the next scan begins at the start of a text.
    mutating func reset() {
        start = 0
        end = 0
        delimiterCount = 0
        consumedCount = 0
    }

    var isConsumed: Bool { consumedCount == delimiterCount }
    var remainingCount: Int { delimiterCount - consumedCount }

    /// From the delimiter before the next line on.
    var next: UnsafePointer<UInt32> { UnsafePointer(positions.base + consumedCount) }

    mutating func consume(_ count: Int) {
        consumedCount += count
        assert(consumedCount <= delimiterCount)
    }

    /// Scans the next lines of a text that ends with a newline; false at its end.
    mutating func scan(
        _ text: UnsafePointer<UInt8>,
        size: Int,
        columnCount: Int,
        level: VectorLevel
    ) -> Bool {
        guard end < size else { return false }
        start = end
        let bytes = text + start
        let count = lineCut(bytes, size - start, target: Self.sizeBytes)
        end = start + count
        isUTF8 = level.isUTF8(UnsafeRawBufferPointer(start: bytes, count: count))
        positions.reserve(1 + count + VectorLevel.scanSlack)
        // Wraps at the text's start; the first field's start wraps back.
        positions.base[0] = UInt32(truncatingIfNeeded: start) &- 1
        let found = level.scan(bytes, count, from: UInt32(start), into: positions.base + 1)
        delimiterCount = found.delimiters
        consumedCount = 0
        isShaped = hasShape(text, lineCount: found.newlines, columnCount: columnCount)
        return true
    }

    /// Every n-th delimiter is a newline, and there are no other newlines.
    private func hasShape(
        _ text: UnsafePointer<UInt8>,
        lineCount: Int,
        columnCount: Int
    ) -> Bool {
        guard delimiterCount == lineCount * columnCount else { return false }
        var last = UnsafePointer(positions.base + columnCount)
        for _ in 0..<lineCount {
            guard text[Int(last.pointee)] == UInt8(ascii: "\n") else { return false }
            last += columnCount
        }
        return true
    }
}
