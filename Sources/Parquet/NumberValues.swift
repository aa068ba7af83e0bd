import Columns

/// A number column's values on their way into pages: a dictionary while it is worth it, else PLAIN.
struct NumberValues<Value: PlainNumber>: LeafValues, ~Copyable {
    /// Where a batch keeps values of this type.
    private let source: (ColumnBatch) -> UnsafeMutablePointer<Value>
    private let makeBound: (Value) -> ColumnBound

    private(set) var usesDictionary = true
    private var hasIDPages = false
    private var dictionary = NumberDictionary<Value>()
    private var trial = DictionaryTrial()
    private var minimum = Value.largest
    private var maximum = Value.smallest

    private var loaded: UnsafePointer<Value>?
    private var loadedCount = 0
    private var gathered = ValueBuffer<Value>()
    private var ids = ValueBuffer<UInt32>()
    private var plain = ValueBuffer<Value>()

    init(
        source: @escaping (ColumnBatch) -> UnsafeMutablePointer<Value>,
        makeBound: @escaping (Value) -> ColumnBound
    ) {
        self.source = source
        self.makeBound = makeBound
    }

    mutating func load(_ batch: ColumnBatch, text: UnsafeRawBufferPointer) {
        let values = source(batch)
        guard batch.nullCount > 0 else {
            (loaded, loadedCount) = (UnsafePointer(values), batch.rowCount)
            return
        }
        gather(values, batch.validity, batch.rowCount)
    }

    /// Leaves nulls out, without a branch.
    @specialized(where Value == Int32)
    @specialized(where Value == Int64)
    @specialized(where Value == Double)
    private mutating func gather(
        _ values: UnsafePointer<Value>,
        _ validity: UnsafePointer<UInt8>,
        _ count: Int
    ) {
        gathered.removeAll()
        let target = gathered.reserve(count)
        var written = 0
        for index in 0..<count {
            target[written] = values[index]
            written &+= Int(validity[index])
        }
        (loaded, loadedCount) = (UnsafePointer(target), written)
    }

    mutating func appendToDictionary() -> Bool {
        guard let loaded else { return true }
        let before = dictionary.count
        let target = ids.reserve(loadedCount)
        guard dictionary.encode(loaded, count: loadedCount, to: target) else { return false }
        let verdict = trial.add(
            target,
            count: loadedCount,
            sizeBytes: 0,
            newEntries: dictionary.count - before,
            entries: dictionary.count
        )
        // Clustered numbers stay: they have no lengths that a dictionary would save.
        guard verdict != .distinct else { return false }
        ids.advance(by: loadedCount)
        return true
    }

    mutating func judgeDictionary() -> Bool {
        usesDictionary && trial.isSampling && trial.judge(entries: dictionary.count) == .distinct
    }

    var canRebuildPage: Bool { !hasIDPages }

    mutating func leaveDictionary() {
        usesDictionary = false
        if hasIDPages { addBounds(UnsafePointer(dictionary.entries), dictionary.count) }
        guard ids.count > 0 else { return }
        let target = plain.reserve(ids.count)
        for index in 0..<ids.count { target[index] = dictionary.entries[Int(ids.values[index])] }
        addBounds(UnsafePointer(target), ids.count)
        plain.advance(by: ids.count)
        ids.removeAll()
    }

    mutating func appendPlain() {
        guard let loaded else { return }
        plain.reserve(loadedCount).update(from: loaded, count: loadedCount)
        plain.advance(by: loadedCount)
        addBounds(loaded, loadedCount)
    }

    @specialized(where Value == Int32)
    @specialized(where Value == Int64)
    @specialized(where Value == Double)
    private mutating func addBounds(_ values: UnsafePointer<Value>, _ count: Int) {
        var (minimum, maximum) = (minimum, maximum)
        for index in 0..<count {
            let value = values[index]
            // Comparisons with NaN are false: it never becomes a bound.
            minimum = value < minimum ? value : minimum
            maximum = value > maximum ? value : maximum
        }
        (self.minimum, self.maximum) = (minimum, maximum)
    }

    var pageValueCount: Int { usesDictionary ? ids.count : plain.count }
    var pageSizeBytes: Int { usesDictionary ? ids.count * 2 : plain.bytes.count }

    mutating func writePage(to page: inout ByteBuffer) -> PageEncoding {
        guard pageValueCount > 0 else { return .plain }
        if usesDictionary {
            writeIDs(ids, dictionaryCount: dictionary.count, to: &page)
            hasIDPages = true
            ids.removeAll()
            return .rleDictionary
        }
        // PLAIN is little-endian, as every CPU that this is built for.
        page.append(contentsOf: plain.bytes.bytes)
        plain.removeAll()
        return .plain
    }

    var dictionaryCount: Int { usesDictionary || hasIDPages ? dictionary.count : 0 }

    mutating func writeDictionary(to page: inout ByteBuffer) {
        let size = dictionary.count * MemoryLayout<Value>.stride
        page.append(contentsOf: UnsafeRawBufferPointer(start: dictionary.entries, count: size))
    }

    mutating func bounds() -> (minimum: ColumnBound?, maximum: ColumnBound?) {
        if usesDictionary { addBounds(UnsafePointer(dictionary.entries), dictionary.count) }
        guard minimum <= maximum else { return (nil, nil) }
        return (makeBound(minimum), makeBound(maximum))
    }

    mutating func reset() {
        dictionary.removeAll()
        ids.removeAll()
        plain.removeAll()
        (usesDictionary, hasIDPages, trial) = (true, false, DictionaryTrial())
        (minimum, maximum) = (.largest, .smallest)
        (loaded, loadedCount) = (nil, 0)
    }
}
