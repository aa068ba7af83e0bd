import CShims
import Columns

extension FieldTable {
    /// Refers to the fields of a column as they stand.
    @inline(__always)
    func fillStrings(_ batch: ColumnBatch, _ column: Int, _ null: some NullTest) {
        let ranges = batch.ranges
        let text = UnsafeRawPointer(text)
        let stride = stride
        var bound = bounds + column
        var nullCount = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let length = bound[1] &- start
            bound += stride
            let isNull = null.matches(text + Int(start), Int(length))
            ranges[row] = TextRange(
                start: isNull ? 0 : start,
                length: isNull ? TextRange.nullLength : length
            )
            nullCount &+= isNull ? 1 : 0
        }
        batch.nullCount = nullCount
    }

    /// Splits the fields of a column on a byte.
    @inline(__always)
    func fillLists(
        _ batch: ColumnBatch,
        _ column: Int,
        _ null: some NullTest,
        _ separator: UInt8
    ) {
        batch.reserveRanges(spanBytes)
        let ranges = batch.ranges
        let lengths = batch.listLengths
        let text = UnsafeRawPointer(text)
        let stride = stride
        var bound = bounds + column
        var count = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let end = bound[1]
            bound += stride
            let field = text + Int(start)
            if start == end || null.matches(field, Int(end &- start)) {
                lengths[row] = 0
                continue
            }
            let first = count
            var elementStart = start
            var offset: UInt32 = 0
            while offset < end &- start {
                var separators = shim_match32(field + Int(offset), separator)
                let left = end &- start &- offset
                if left < 32 { separators &= (1 &<< left) &- 1 }
                while separators != 0 {
                    let place = start &+ offset &+ UInt32(separators.trailingZeroBitCount)
                    ranges[count] = TextRange(start: elementStart, length: place &- elementStart)
                    count &+= 1
                    elementStart = place &+ 1
                    separators &= separators &- 1
                }
                offset &+= 32
            }
            ranges[count] = TextRange(start: elementStart, length: end &- elementStart)
            count &+= 1
            lengths[row] = UInt32(truncatingIfNeeded: count &- first)
        }
        batch.elementCount = count
    }

    /// Reads the fields of a column as JSON arrays of strings.
    @inline(__always)
    func fillJSONLists(_ batch: ColumnBatch, _ column: Int, _ null: some NullTest) {
        batch.reserveRanges(spanBytes)
        let ranges = batch.ranges
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
            let found = reader.read(Int(start), Int(end), into: ranges + count)
            lengths[row] = UInt32(truncatingIfNeeded: max(0, found))
            failures &+= found < 0 ? 1 : 0
            count &+= max(0, found)
        }
        batch.elementCount = count
        batch.conversionFailures = failures
    }
}
