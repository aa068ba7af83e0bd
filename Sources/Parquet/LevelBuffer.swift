import Columns

/// Definition and repetition levels of the open page, one byte each until the page is written.
///
/// Every column has at most one bit of either: an optional value is there (1) or not (0); a list has
/// required elements, so a level of 0 is its empty list, and an element repeats (1) or begins a row (0).
struct LevelBuffer: ~Copyable {
    private var definitions = ValueBuffer<UInt8>()
    private var repetitions = ValueBuffer<UInt8>()
    /// Levels of value 0 among the definitions.
    private(set) var nullCount = 0

    init() {}

    /// Values and nulls of the page: `num_values` of its header.
    var count: Int { definitions.count }

    mutating func append(_ batch: ColumnBatch) {
        switch batch.storage {
        case .stringList: appendLists(batch)
        case .string where batch.nullCount > 0: appendStrings(batch)
        case _ where batch.nullCount > 0:
            definitions.reserve(batch.rowCount).update(from: batch.validity, count: batch.rowCount)
            definitions.advance(by: batch.rowCount)
            nullCount += batch.nullCount
        default:
            definitions.reserve(batch.rowCount).initialize(repeating: 1, count: batch.rowCount)
            definitions.advance(by: batch.rowCount)
        }
    }

    private mutating func appendStrings(_ batch: ColumnBatch) {
        let (ranges, count) = (batch.ranges, batch.rowCount)
        let target = definitions.reserve(count)
        for index in 0..<count { target[index] = ranges[index].isAbsent ? 0 : 1 }
        definitions.advance(by: count)
        nullCount += batch.nullCount
    }

    private mutating func appendLists(_ batch: ColumnBatch) {
        let (lengths, rows) = (batch.listLengths, batch.rowCount)
        var (elements, empty, longest) = (0, 0, UInt32(0))
        for row in 0..<rows {
            elements &+= Int(lengths[row])
            empty &+= lengths[row] == 0 ? 1 : 0
            longest = max(longest, lengths[row])
        }
        precondition(elements == batch.elementCount, "list lengths do not add up to the elements")
        let count = elements + empty
        let (definition, repetition) = (definitions.reserve(count), repetitions.reserve(count))
        if longest <= 1 {
            // One level a row, which is the row's length; in vectors.
            repetition.initialize(repeating: 0, count: count)
            for row in 0..<rows { definition[row] = UInt8(truncatingIfNeeded: lengths[row]) }
        } else {
            definition.initialize(repeating: 1, count: count)
            repetition.initialize(repeating: 1, count: count)
            var next = 0
            for row in 0..<rows {
                let length = Int(lengths[row])
                repetition[next] = 0
                definition[next] = length == 0 ? 0 : 1
                next &+= max(1, length)
            }
        }
        definitions.advance(by: count)
        repetitions.advance(by: count)
        nullCount += empty
    }

    /// Appends the levels as a data page of version 1 begins with them, and starts the next page.
    mutating func writePage(isList: Bool, to page: inout ByteBuffer) {
        if isList {
            HybridEncoder.appendLevels(repetitions.values, count: repetitions.count, to: &page)
        }
        HybridEncoder.appendLevels(definitions.values, count: definitions.count, to: &page)
        removeAll()
    }

    mutating func removeAll() {
        definitions.removeAll()
        repetitions.removeAll()
        nullCount = 0
    }
}
