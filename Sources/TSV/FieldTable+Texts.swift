import CShims
import Columns

extension FieldTable {
    /// Refers to the fields of a column as they stand.
    func fillStrings(_ batch: ColumnBatch, _ column: Int, _ marker: some NullTest) {
        let null = RangeWriter.null
        let ranges = RangeWriter(batch.ranges)
        let text = UnsafeRawPointer(text)
        let stride = stride
        var bound = bounds + column
        var nullCount = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let length = bound[1] &- start
            bound += stride
            let isNull = marker.matches(text + Int(start), Int(length))
            let word = RangeWriter.word(start: start, length: length)
            ranges.store(isNull ? null : word, at: row)
            nullCount &+= isNull ? 1 : 0
        }
        batch.nullCount = nullCount
    }

    /// Splits the fields of a column on a byte.
    func fillLists(
        _ batch: ColumnBatch,
        _ column: Int,
        _ null: some NullTest,
        _ separator: UInt8
    ) {
        batch.reserveRanges(spanBytes + Self.eagerElements)
        let ranges = RangeWriter(batch.ranges)
        let lengths = batch.listLengths
        let text = UnsafeRawPointer(text)
        let stride = stride
        var bound = bounds + column
        var count = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let end = bound[1]
            bound += stride
            let length = Int(end &- start)
            let field = text + Int(start)
            if length == 0 || null.matches(field, length) {
                lengths[row] = 0
                continue
            }
            guard length < 64 else {
                let found = split(start, end, separator, into: ranges, at: count)
                count &+= found
                lengths[row] = UInt32(truncatingIfNeeded: found)
                continue
            }
            // The field's end as a last separator. The first few elements are stored whether they
            // are there or not; those that are not are overwritten by the next row's.
            let separators = shim_match64(field, separator)
            var ends = (separators & ((1 &<< UInt64(length)) &- 1)) | (1 &<< UInt64(length))
            let found = ends.nonzeroBitCount
            var first = start
            var index = count
            count &+= found
            lengths[row] = UInt32(truncatingIfNeeded: found)
            let eager = index &+ Self.eagerElements
            repeat {
                let place = start &+ UInt32(truncatingIfNeeded: ends.trailingZeroBitCount)
                ranges.store(from: first, to: place, at: index)
                index &+= 1
                first = place &+ 1
                ends &= ends &- 1
            } while index < eager || index < count
        }
        batch.elementCount = count
    }

    /// Elements of a list that are stored without asking how many there are.
    private static var eagerElements: Int { 4 }

    /// Splits a long field; returns the number of elements.
    @inline(never)
    private func split(
        _ start: UInt32,
        _ end: UInt32,
        _ separator: UInt8,
        into ranges: RangeWriter,
        at index: Int
    ) -> Int {
        var count = index
        var first = start
        var block = start
        while block < end {
            var separators = shim_match64(text + Int(block), separator)
            if end &- block < 64 { separators &= (1 &<< UInt64(end &- block)) &- 1 }
            while separators != 0 {
                let place = block &+ UInt32(truncatingIfNeeded: separators.trailingZeroBitCount)
                ranges.store(from: first, to: place, at: count)
                count &+= 1
                first = place &+ 1
                separators &= separators &- 1
            }
            block &+= 64
        }
        ranges.store(from: first, to: end, at: count)
        return count &+ 1 &- index
    }

    /// Reads the fields of a column as JSON arrays of strings.
    func fillJSONLists(_ batch: ColumnBatch, _ column: Int, _ null: some NullTest) {
        batch.reserveRanges(spanBytes)
        let ranges = RangeWriter(batch.ranges)
        let lengths = batch.listLengths
        let reader = JSONListReader(text: text.assumingMemoryBound(to: UInt8.self))
        let stride = stride
        var bound = bounds + column
        var count = 0
        var failures = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let end = bound[1]
            bound += stride
            if start == end || null.matches(text + Int(start), Int(end &- start)) {
                lengths[row] = 0
                continue
            }
            let found = reader.read(Int(start), Int(end), into: ranges, at: count)
            lengths[row] = UInt32(truncatingIfNeeded: max(0, found))
            failures &+= found < 0 ? 1 : 0
            count &+= max(0, found)
        }
        batch.elementCount = count
        batch.conversionFailures = failures
    }
}
