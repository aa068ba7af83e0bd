import Columns

/// A boolean column's values on their way into pages: PLAIN, one bit each.
struct BooleanValues: LeafValues, ~Copyable {
    private var loaded: UnsafePointer<UInt8>?
    private var loadedCount = 0
    private var gathered = ValueBuffer<UInt8>()
    private var plain = ValueBuffer<UInt8>()
    private var trueCount = 0
    private var valueCount = 0

    mutating func load(_ batch: ColumnBatch, text: UnsafeRawBufferPointer) {
        gathered.removeAll()
        let (values, validity) = (batch.byteValues, batch.validity)
        guard batch.nullCount > 0 else {
            (loaded, loadedCount) = (UnsafePointer(values), batch.rowCount)
            return
        }
        let target = gathered.reserve(batch.rowCount)
        var written = 0
        for index in 0..<batch.rowCount {
            target[written] = values[index]
            written &+= Int(validity[index])
        }
        (loaded, loadedCount) = (UnsafePointer(target), written)
    }

    mutating func appendPlain() {
        guard let loaded else { return }
        plain.reserve(loadedCount).update(from: loaded, count: loadedCount)
        plain.advance(by: loadedCount)
        for index in 0..<loadedCount { trueCount &+= Int(loaded[index]) }
        valueCount += loadedCount
    }

    var pageValueCount: Int { plain.count }
    var pageSizeBytes: Int { plain.count / 8 }

    mutating func writePage(to page: inout ByteBuffer) -> PageEncoding {
        HybridEncoder.appendBits(plain.values, count: plain.count, to: &page)
        plain.removeAll()
        return .plain
    }

    mutating func bounds() -> (minimum: ColumnBound?, maximum: ColumnBound?) {
        guard valueCount > 0 else { return (nil, nil) }
        return (.boolean(trueCount == valueCount), .boolean(trueCount > 0))
    }

    mutating func reset() {
        plain.removeAll()
        (loaded, loadedCount, trueCount, valueCount) = (nil, 0, 0, 0)
    }
}
