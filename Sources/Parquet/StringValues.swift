import Columns

/// Strings of a column, or elements of a list, on their way into pages.
///
/// ```
/// dictionary --(distinct, ascending)--> DELTA_BYTE_ARRAY
///     |--------(distinct, clustered, full)--> DELTA_LENGTH_BYTE_ARRAY
/// ```
struct StringValues: LeafValues, ~Copyable {
    private enum Mode { case dictionary, deltaLength, deltaStrings }

    private var mode = Mode.dictionary
    private var dictionary = StringDictionary()
    private var trial = DictionaryTrial()
    private var extremes = TextBounds()
    private var text = UnsafeRawBufferPointer(start: nil, count: 0)

    // The loaded batch: its strings that are not null, and their bytes in all.
    private var loaded: UnsafePointer<TextRange>?
    private var loadedCount = 0
    private var loadedSizeBytes = 0
    private var gathered = ValueBuffer<TextRange>()

    // The open page: ids, or lengths and bytes; for DELTA_BYTE_ARRAY the bytes are suffixes.
    private var ids = ValueBuffer<UInt32>()
    private var idsSizeBytes = 0
    private var prefixes = ValueBuffer<Int32>()
    private var lengths = ValueBuffer<Int32>()
    private var content = ByteBuffer()
    private var previous = TextRange(start: 0, length: 0)

    mutating func load(_ batch: ColumnBatch, text: UnsafeRawBufferPointer) {
        self.text = text
        let isList = batch.storage == .stringList
        let count = isList ? batch.elementCount : batch.rowCount
        if batch.nullCount > 0 {
            gather(batch.ranges, count)
        } else {
            (loaded, loadedCount) = (UnsafePointer(batch.ranges), count)
        }
        measure()
    }

    /// Leaves nulls out, without a branch: half the values may be null in no order.
    private mutating func gather(_ ranges: UnsafePointer<TextRange>, _ count: Int) {
        gathered.removeAll()
        let target = gathered.reserve(count)
        var written = 0
        for index in 0..<count {
            target[written] = ranges[index]
            written &+= ranges[index].isAbsent ? 0 : 1
        }
        (loaded, loadedCount) = (UnsafePointer(target), written)
    }

    /// Sums the lengths and makes sure that no range leaves the text: the loops do not check.
    private mutating func measure() {
        loadedSizeBytes = 0
        guard let loaded else { return }
        let text = text
        var (total, room) = (0, 0)
        for index in 0..<loadedCount {
            let (start, length) = (Int(loaded[index].start), Int(loaded[index].length))
            total &+= length
            // Negative once a range ends too late; without a branch this runs in vectors.
            room |= text.count &- (start &+ length)
        }
        precondition(room >= 0, "a batch refers to bytes outside its text")
        loadedSizeBytes = total
    }

    // MARK: Dictionary

    var usesDictionary: Bool { mode == .dictionary }
    var dictionaryCount: Int { mode == .dictionary || hasIDPages ? dictionary.count : 0 }
    /// Whether a page of ids has been written, so that the chunk needs its dictionary.
    private var hasIDPages = false

    mutating func appendToDictionary() -> Bool {
        guard let loaded, let base = text.baseAddress, loadedCount > 0 else { return true }
        let before = dictionary.count
        let target = ids.reserve(loadedCount)
        guard dictionary.encode(loaded, count: loadedCount, text: base, to: target) else {
            return false
        }
        let verdict = trial.add(
            target,
            count: loadedCount,
            sizeBytes: loadedSizeBytes,
            newEntries: dictionary.count - before,
            entries: dictionary.count
        )
        guard verdict == .keep else {
            isDistinct = verdict == .distinct
            return false
        }
        ids.advance(by: loadedCount)
        idsSizeBytes += loadedSizeBytes
        return true
    }

    /// Whether nearly all values were new when the dictionary was left.
    private var isDistinct = false

    mutating func judgeDictionary() -> Bool {
        guard mode == .dictionary, trial.isSampling else { return false }
        let verdict = trial.judge(entries: dictionary.count)
        isDistinct = verdict == .distinct
        return verdict != .keep
    }

    var canRebuildPage: Bool { !hasIDPages && idsSizeBytes <= PageLimits.sizeBytes }

    mutating func leaveDictionary() {
        guard let base = text.baseAddress else { return }
        let isAscending = isDistinct && !hasIDPages && dictionary.isAscending(text: base)
        mode = isAscending ? .deltaStrings : .deltaLength
        if hasIDPages { dictionary.addBounds(to: &extremes, text: base) }
        rebuildPage()
    }

    /// Writes the values of the open page's ids anew.
    private mutating func rebuildPage() {
        guard ids.count > 0 else { return }
        let current = (loaded, loadedCount, loadedSizeBytes)
        var ranges = ValueBuffer<TextRange>()
        let target = ranges.reserve(ids.count)
        for index in 0..<ids.count { target[index] = dictionary.range(at: Int(ids.values[index])) }
        (loaded, loadedCount, loadedSizeBytes) = (UnsafePointer(target), ids.count, idsSizeBytes)
        ids.removeAll()
        idsSizeBytes = 0
        appendPlain()
        (loaded, loadedCount, loadedSizeBytes) = current
    }

    // MARK: Without a dictionary

    mutating func appendPlain() {
        guard let loaded, let base = text.baseAddress, loadedCount > 0 else { return }
        if mode == .deltaStrings {
            appendSuffixes(loaded, base)
        } else {
            appendWhole(loaded, base)
        }
    }

    private mutating func appendWhole(
        _ ranges: UnsafePointer<TextRange>,
        _ base: UnsafeRawPointer
    ) {
        let target = content.reserve(loadedSizeBytes)
        let lengths = lengths.reserve(loadedCount)
        var bounds = extremes
        var (lastKey, lastLength) = (TextKey(base, 0), -1)
        var written = 0
        for index in 0..<loadedCount {
            let range = ranges[index]
            let (bytes, length) = (base + Int(range.start), Int(range.length))
            copyOverlapping(from: bytes, to: target + written, count: length)
            written &+= length
            lengths[index] = Int32(truncatingIfNeeded: length)
            let key = TextKey(bytes, length)
            // Clustered columns repeat a string row after row: the bounds have seen it.
            if key.low == lastKey.low, key.high == lastKey.high, length == lastLength,
                length <= TextKey.sizeBytes
            {
                continue
            }
            bounds.add(range, key, in: base)
            (lastKey, lastLength) = (key, length)
        }
        extremes = bounds
        content.advance(by: written)
        self.lengths.advance(by: loadedCount)
    }

    /// Appends what each string does not share with the one before it.
    private mutating func appendSuffixes(
        _ ranges: UnsafePointer<TextRange>,
        _ base: UnsafeRawPointer
    ) {
        let target = content.reserve(loadedSizeBytes)
        let (prefixes, lengths) = (prefixes.reserve(loadedCount), lengths.reserve(loadedCount))
        // The first value of a page shares nothing: pages are read on their own.
        var previous = self.lengths.count == 0 ? TextRange(start: 0, length: 0) : self.previous
        var isAscending = true
        var written = 0
        for index in 0..<loadedCount {
            let range = ranges[index]
            let bytes = base + Int(range.start)
            let shared = Int(min(previous.length, range.length))
            let before = base + Int(previous.start)
            let prefix = sharedPrefix(before, bytes, shared)
            if prefix < shared {
                let (one, other) = (
                    before.load(fromByteOffset: prefix, as: UInt8.self),
                    bytes.load(fromByteOffset: prefix, as: UInt8.self)
                )
                isAscending = isAscending && one < other
            } else {
                isAscending = isAscending && previous.length <= range.length
            }
            let length = Int(range.length) &- prefix
            copyOverlapping(from: bytes + prefix, to: target + written, count: length)
            written &+= length
            prefixes[index] = Int32(truncatingIfNeeded: prefix)
            lengths[index] = Int32(truncatingIfNeeded: length)
            previous = range
        }
        self.previous = previous
        content.advance(by: written)
        self.prefixes.advance(by: loadedCount)
        self.lengths.advance(by: loadedCount)
        addBounds(ranges, isAscending: isAscending, base)
    }

    /// Adds the bounds of the loaded values; of ascending ones the first and the last are enough.
    private mutating func addBounds(
        _ ranges: UnsafePointer<TextRange>,
        isAscending: Bool,
        _ base: UnsafeRawPointer
    ) {
        var bounds = extremes
        let step = isAscending ? max(1, loadedCount - 1) : 1
        for index in stride(from: 0, to: loadedCount, by: step) {
            let range = ranges[index]
            bounds.add(range, TextKey(base + Int(range.start), Int(range.length)), in: base)
        }
        extremes = bounds
    }

    // MARK: Pages

    var pageValueCount: Int { mode == .dictionary ? ids.count : lengths.count }
    var pageSizeBytes: Int { mode == .dictionary ? ids.count * 2 : content.count + lengths.count }

    mutating func writePage(to page: inout ByteBuffer) -> PageEncoding {
        // A page of nulls only: PLAIN of nothing needs neither header nor dictionary.
        guard pageValueCount > 0 else { return .plain }
        switch mode {
        case .dictionary:
            writeIDs(ids, dictionaryCount: dictionary.count, to: &page)
            hasIDPages = true
            ids.removeAll()
            idsSizeBytes = 0
            return .rleDictionary
        case .deltaLength:
            appendLengthsAndContent(to: &page)
            return .deltaLengthByteArray
        case .deltaStrings:
            DeltaEncoder.append(prefixes.values, count: prefixes.count, to: &page)
            prefixes.removeAll()
            appendLengthsAndContent(to: &page)
            return .deltaByteArray
        }
    }

    private mutating func appendLengthsAndContent(to page: inout ByteBuffer) {
        DeltaEncoder.append(lengths.values, count: lengths.count, to: &page)
        page.append(contentsOf: content.bytes)
        lengths.removeAll()
        content.removeAll()
    }

    mutating func writeDictionary(to page: inout ByteBuffer) {
        guard let base = text.baseAddress else { return }
        dictionary.appendPlain(to: &page, text: base)
    }

    // MARK: Row group

    mutating func bounds() -> (minimum: ColumnBound?, maximum: ColumnBound?) {
        guard let base = text.baseAddress else { return (nil, nil) }
        if mode == .dictionary { dictionary.addBounds(to: &extremes, text: base) }
        return (bound(extremes.minimum, base), bound(extremes.maximum, base))
    }

    private func bound(_ range: TextRange, _ base: UnsafeRawPointer) -> ColumnBound? {
        guard !range.isAbsent, range.length <= PageLimits.textBoundBytes else { return nil }
        let start = base + Int(range.start)
        return .text(Array(UnsafeRawBufferPointer(start: start, count: Int(range.length))))
    }

    mutating func reset() {
        dictionary.removeAll()
        ids.removeAll()
        prefixes.removeAll()
        lengths.removeAll()
        content.removeAll()
        (mode, trial, extremes) = (.dictionary, DictionaryTrial(), TextBounds())
        (idsSizeBytes, hasIDPages, isDistinct) = (0, false, false)
        (loaded, loadedCount, loadedSizeBytes) = (nil, 0, 0)
        text = UnsafeRawBufferPointer(start: nil, count: 0)
    }
}

/// Bytes that two strings have in common at their start, at most `limit`.
@inline(__always)
private func sharedPrefix(
    _ left: UnsafeRawPointer,
    _ right: UnsafeRawPointer,
    _ limit: Int
) -> Int {
    var offset = 0
    while offset < limit {
        let one = UInt64(littleEndian: left.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let other = UInt64(
            littleEndian: right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        )
        let difference = one ^ other
        if difference != 0 { return min(limit, offset &+ difference.trailingZeroBitCount / 8) }
        offset &+= 8
    }
    return limit
}

/// A data page's dictionary ids: the bit width in one byte, then the runs.
func writeIDs(
    _ ids: borrowing ValueBuffer<UInt32>,
    dictionaryCount: Int,
    to page: inout ByteBuffer
) {
    let width = HybridEncoder.bitWidth(idsBelow: dictionaryCount)
    page.append(UInt8(width))
    HybridEncoder.appendIDs(ids.values, count: ids.count, bitWidth: width, to: &page)
}
