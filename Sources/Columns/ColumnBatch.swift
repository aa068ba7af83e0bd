import Base

/// A run of bytes within a text, or null.
///
/// Inlinable, because hot loops of other modules make and test one a field.
package struct TextRange: Equatable, Sendable {
    /// Byte offset from the start of the text.
    package var start: UInt32
    /// Length in bytes; `nullLength` marks null.
    package var length: UInt32

    @inlinable package static var nullLength: UInt32 { .max }
    @inlinable package static var null: TextRange { TextRange(start: 0, length: nullLength) }

    @inlinable
    package init(start: UInt32, length: UInt32) {
        self.start = start
        self.length = length
    }

    @inlinable package var isNull: Bool { length == Self.nullLength }
}

/// The values of one column for a batch of rows, between the parser that fills it and the encoder
/// that reads it.
///
/// Strings stay where they are: a batch only refers to them by offset into one text, which both
/// sides are handed beside the batch and which lives longer than the row group.
///
/// | storage | `ranges` | `listLengths` | values | `validity` |
/// |---|---|---|---|---|
/// | string | one a row, may be null | - | - | - |
/// | stringList | one an element, `elementCount` in all, never null | one a row | - | - |
/// | int32, date | - | - | `int32Values` | one byte a row: 1 value, 0 null |
/// | int64, timestamp | - | - | `int64Values` | the same |
/// | float64 | - | - | `doubleValues` | the same |
/// | boolean | - | - | `byteValues` (0, 1) | the same |
///
/// The value at a null is 0. Not thread-safe: one worker slot owns it and uses it again and again.
package final class ColumnBatch {
    /// Rows a batch can hold.
    ///
    /// With 256 KiB of text a batch this keeps every array in the L2 cache.
    package static let rowCapacity = 16 << 10

    package let storage: ColumnStorage
    package let listLengths: UnsafeMutablePointer<UInt32>
    package let validity: UnsafeMutablePointer<UInt8>
    private let values: UnsafeMutableRawPointer
    /// Refers to the text; replaced when elements of a list need more room.
    package private(set) var ranges: UnsafeMutablePointer<TextRange>
    package private(set) var rangeCapacity: Int

    /// Rows filled in.
    package var rowCount = 0
    /// List elements filled in; 0 for other storages.
    package var elementCount = 0
    /// Nulls among the rows, for storages with `validity` and for `string`; 0 for lists.
    package var nullCount = 0
    /// Fields of these rows that did not convert: the report's `conversion_failures`.
    package var conversionFailures = 0

    package init(storage: ColumnStorage) {
        self.storage = storage
        let rows = Self.rowCapacity
        let hasRanges = storage == .string || storage == .stringList
        rangeCapacity = hasRanges ? rows : 0
        ranges = .allocate(capacity: max(1, rangeCapacity))
        listLengths = .allocate(capacity: storage == .stringList ? rows : 1)
        validity = .allocate(capacity: hasRanges ? 1 : rows)
        values = .allocate(byteCount: hasRanges ? 8 : rows * 8, alignment: 64)
    }

    deinit {
        ranges.deallocate()
        listLengths.deallocate()
        validity.deallocate()
        values.deallocate()
    }

    package var int32Values: UnsafeMutablePointer<Int32> {
        values.assumingMemoryBound(to: Int32.self)
    }
    package var int64Values: UnsafeMutablePointer<Int64> {
        values.assumingMemoryBound(to: Int64.self)
    }
    package var doubleValues: UnsafeMutablePointer<Double> {
        values.assumingMemoryBound(to: Double.self)
    }
    package var byteValues: UnsafeMutablePointer<UInt8> {
        values.assumingMemoryBound(to: UInt8.self)
    }

    /// Makes room for `count` list elements; what was filled in is lost.
    package func reserveRanges(_ count: Int) {
        guard count > rangeCapacity else { return }
        ranges.deallocate()
        rangeCapacity = max(count, rangeCapacity * 2)
        ranges = .allocate(capacity: rangeCapacity)
    }
}
