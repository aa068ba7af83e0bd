import Columns

/// The values of one leaf column on their way into pages; nulls and levels are not its business.
///
/// A column encoder drives it: `load` a batch, try `appendToDictionary`, and where that is false
/// `leaveDictionary` (before or behind a page, see there) and `appendPlain` the same batch.
protocol LeafValues: ~Copyable {
    /// Points at the values of a batch that are not null, gathered if need be.
    mutating func load(_ batch: ColumnBatch, text: UnsafeRawBufferPointer)

    /// Whether values go into the page as ids of a dictionary.
    var usesDictionary: Bool { get }
    /// Appends the loaded values as ids; false when they must not or could not be, and then the page
    /// is as it was before.
    mutating func appendToDictionary() -> Bool
    /// Whether the values of the open page are few enough to be written anew without the dictionary.
    var canRebuildPage: Bool { get }
    /// Turns the dictionary off; a page that is still open is written anew.
    mutating func leaveDictionary()
    /// Appends the loaded values without a dictionary.
    mutating func appendPlain()

    /// Values and bytes of the open page.
    var pageValueCount: Int { get }
    var pageSizeBytes: Int { get }
    /// Appends the open page's values to `page` and begins the next one.
    mutating func writePage(to page: inout ByteBuffer) -> PageEncoding

    /// Judges a dictionary that has not been judged yet; true when it should be left.
    mutating func judgeDictionary() -> Bool
    /// Entries of the dictionary; 0 when there never was a page of ids.
    var dictionaryCount: Int { get }
    mutating func writeDictionary(to page: inout ByteBuffer)

    /// Exact bounds of all values since `reset`.
    mutating func bounds() -> (minimum: ColumnBound?, maximum: ColumnBound?)
    mutating func reset()
}

extension LeafValues where Self: ~Copyable {
    // For values that never have a dictionary.
    var usesDictionary: Bool { false }
    mutating func appendToDictionary() -> Bool { false }
    var canRebuildPage: Bool { true }
    mutating func leaveDictionary() {}
    mutating func judgeDictionary() -> Bool { false }
    var dictionaryCount: Int { 0 }
    mutating func writeDictionary(to page: inout ByteBuffer) {}
}

/// A growable array of trivial values, without reference counting, over a `ByteBuffer`.
struct ValueBuffer<Value>: ~Copyable {
    private(set) var bytes = ByteBuffer()

    init() {}

    var count: Int { bytes.count / MemoryLayout<Value>.stride }
    var values: UnsafeMutablePointer<Value> { bytes.start.assumingMemoryBound(to: Value.self) }

    /// Room for `additional` values behind those filled in; ends with `advance(by:)`.
    mutating func reserve(_ additional: Int) -> UnsafeMutablePointer<Value> {
        bytes.reserve(additional * MemoryLayout<Value>.stride).assumingMemoryBound(to: Value.self)
    }

    mutating func advance(by added: Int) {
        bytes.advance(by: added * MemoryLayout<Value>.stride)
    }

    mutating func removeAll() { bytes.removeAll() }
}
