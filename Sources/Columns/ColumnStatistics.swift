/// A smallest or largest value of a column.
package enum ColumnBound: Hashable, Sendable {
    /// Of int32, int64, date (days) and timestamp (microseconds).
    case integer(Int64)
    /// Of float64; never NaN.
    case double(Double)
    case boolean(Bool)
    /// Of string and of the elements of a list: UTF-8, compared bytewise.
    case text([UInt8])

    /// Whether this bound sorts before `other`; bounds of one column are always of one case.
    package func isLess(than other: ColumnBound) -> Bool {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): left < right
        case (.double(let left), .double(let right)): left < right
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
        default: preconditionFailure("bounds of different columns compared: \(self), \(other)")
        }
    }
}

/// Exact statistics of one leaf column (for a list: of its elements) over some rows.
package struct ColumnStatistics: Hashable, Sendable {
    /// Values that are not null.
    package var valueCount: Int64
    /// Nulls; for a list, its empty lists.
    package var nullCount: Int64
    /// Nil when there is no value, or when a text bound was too long to be kept.
    package var minimum: ColumnBound?
    package var maximum: ColumnBound?
    package var compressedSizeBytes: Int64

    package init(
        valueCount: Int64 = 0,
        nullCount: Int64 = 0,
        minimum: ColumnBound? = nil,
        maximum: ColumnBound? = nil,
        compressedSizeBytes: Int64 = 0
    ) {
        self.valueCount = valueCount
        self.nullCount = nullCount
        self.minimum = minimum
        self.maximum = maximum
        self.compressedSizeBytes = compressedSizeBytes
    }

    /// Adds the statistics of more rows of the same column.
    ///
    /// Where one side has values but no bound, the result has none: a bound must enclose all.
    package mutating func merge(_ other: ColumnStatistics) {
        minimum = Self.merged(self, other, \.minimum) { $0.isLess(than: $1) }
        maximum = Self.merged(self, other, \.maximum) { $1.isLess(than: $0) }
        valueCount += other.valueCount
        nullCount += other.nullCount
        compressedSizeBytes += other.compressedSizeBytes
    }

    private static func merged(
        _ left: ColumnStatistics,
        _ right: ColumnStatistics,
        _ bound: KeyPath<ColumnStatistics, ColumnBound?>,
        prefersFirst: (ColumnBound, ColumnBound) -> Bool
    ) -> ColumnBound? {
        if left.valueCount == 0 { return right[keyPath: bound] }
        if right.valueCount == 0 { return left[keyPath: bound] }
        guard let first = left[keyPath: bound], let second = right[keyPath: bound] else {
            return nil
        }
        return prefersFirst(second, first) ? second : first
    }
}
