import Columns

/// Smallest and largest string of a column chunk, as ranges of the row group's text.
///
/// Bytewise order is the order of the format for UTF-8 strings (unsigned, parquet-format README,
/// "Sort order"). A loop copies the bounds into a local, which needs no exclusivity check.
struct TextBounds {
    private(set) var minimum = TextRange.null
    private(set) var maximum = TextRange.null
    private var minimumKey = (high: UInt64.max, low: UInt64.max)
    private var maximumKey = (high: UInt64.min, low: UInt64.min)

    var isEmpty: Bool { minimum.isAbsent }

    /// Takes one string in; most are settled by their first eight bytes.
    @inline(__always)
    mutating func add(_ range: TextRange, _ key: TextKey, in text: UnsafeRawPointer) {
        if key.high <= minimumKey.high || key.high >= maximumKey.high {
            settle(range, key, in: text)
        }
    }

    /// A call, so that the loops around `add` keep their registers.
    @inline(never)
    private mutating func settle(_ range: TextRange, _ key: TextKey, in text: UnsafeRawPointer) {
        if key.high <= minimumKey.high { lower(range, key, in: text) }
        if key.high >= maximumKey.high { raise(range, key, in: text) }
    }

    @inline(__always)
    private mutating func lower(_ range: TextRange, _ key: TextKey, in text: UnsafeRawPointer) {
        if key.high == minimumKey.high {
            if key.low > minimumKey.low { return }
            if key.low == minimumKey.low, !minimum.isAbsent {
                if Self.areEqual(range, minimum) { return }
                guard compareText(range, minimum, in: text) < 0 else { return }
            }
        }
        minimum = range
        minimumKey = (key.high, key.low)
    }

    @inline(__always)
    private mutating func raise(_ range: TextRange, _ key: TextKey, in text: UnsafeRawPointer) {
        if key.high == maximumKey.high {
            if key.low < maximumKey.low { return }
            if key.low == maximumKey.low, !maximum.isAbsent {
                if Self.areEqual(range, maximum) { return }
                guard compareText(range, maximum, in: text) > 0 else { return }
            }
        }
        maximum = range
        maximumKey = (key.high, key.low)
    }

    /// For ranges of equal keys: strings that fit their key need no look at the text.
    ///
    /// Clustered columns repeat the present maximum row after row.
    @inline(__always)
    private static func areEqual(_ left: TextRange, _ right: TextRange) -> Bool {
        left.length == right.length && left.length <= UInt32(TextKey.sizeBytes)
    }
}
