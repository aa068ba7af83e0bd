import Columns

/// Reads the wire form of row group metadata; every number is held against its bound.
struct MetadataReader {
    /// Above any payload (a chunk has at most 256 MiB) and far from overflow when sums are taken.
    static let maximumSizeBytes: Int64 = 1 << 40

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func error(_ reason: String) -> ParquetError {
        .malformedMetadata(offset: offset, reason: reason)
    }

    mutating func byte() throws(ParquetError) -> UInt8 {
        guard offset < bytes.count else { throw error("the bytes end too early") }
        offset += 1
        return bytes[offset - 1]
    }

    mutating func flag() throws(ParquetError) -> Bool {
        let value = try byte()
        guard value <= 1 else { throw error("a flag of \(value)") }
        return value == 1
    }

    mutating func count(upTo limit: Int64) throws(ParquetError) -> Int64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7F) << UInt64(shift)
            guard next < 0x80 else { continue }
            guard value <= UInt64(limit) else { throw error("\(value) is over the limit \(limit)") }
            return Int64(value)
        }
        throw error("a number of more than nine bytes")
    }

    func expectEnd() throws(ParquetError) {
        guard offset == bytes.count else { throw error("\(bytes.count - offset) bytes too many") }
    }

    mutating func chunk(
        _ column: ColumnDeclaration,
        rowCount: Int64
    ) throws(ParquetError) -> ColumnChunkMetadata {
        typealias Flags = ColumnChunkMetadata.Flags
        let flags = try byte()
        guard flags <= Flags.dictionary | Flags.minimum | Flags.maximum else {
            throw error("unknown flags \(flags)")
        }
        let encodings = try encodings()
        let limit = Self.maximumSizeBytes
        let dictionary = flags & Flags.dictionary == 0 ? nil : try count(upTo: limit)
        let data = try count(upTo: limit)
        if let dictionary, dictionary >= data { throw error("a dictionary behind its data") }
        let (compressed, uncompressed) = (try count(upTo: limit), try count(upTo: limit))
        let (values, nulls) = (try count(upTo: limit), try count(upTo: limit))
        // A list has at least one level a row, any other column exactly one.
        let isList = column.type.storage == .stringList
        guard isList ? values + nulls >= rowCount : values + nulls == rowCount else {
            throw error("\(values + nulls) values and nulls in \(rowCount) rows")
        }
        guard rowCount > 0 || values == 0 else { throw error("values without rows") }
        let statistics = ColumnStatistics(
            valueCount: values,
            nullCount: nulls,
            minimum: flags & Flags.minimum == 0 ? nil : try bound(column.type.storage),
            maximum: flags & Flags.maximum == 0 ? nil : try bound(column.type.storage),
            compressedSizeBytes: compressed
        )
        try check(statistics)
        return ColumnChunkMetadata(
            encodings: encodings,
            levelCount: values + nulls,
            dictionaryPageOffset: dictionary,
            dataPageOffset: data,
            uncompressedSizeBytes: uncompressed,
            statistics: statistics
        )
    }

    /// Reads the first and the last row in the sort columns; nil where there are none.
    mutating func edges(of columns: [ColumnDeclaration]) throws(ParquetError) -> RowGroupEdges? {
        let count = Int(try count(upTo: Int64(columns.count)))
        guard count > 0 else { return nil }
        var indexes: [Int] = []
        for _ in 0..<count {
            let index = Int(try self.count(upTo: Int64(columns.count - 1)))
            guard columns[index].type.storage != .stringList else { throw error("a sorted list") }
            indexes.append(index)
        }
        var rows: [[ColumnBound?]] = [[], []]
        for row in rows.indices {
            for index in indexes {
                let isThere = try flag()
                rows[row].append(isThere ? try sortBound(columns[index].type.storage) : nil)
            }
        }
        return RowGroupEdges(columns: indexes, first: rows[0], last: rows[1])
    }

    /// Truth values sort as numbers.
    private mutating func sortBound(_ storage: ColumnStorage) throws(ParquetError) -> ColumnBound {
        try bound(storage == .boolean ? .int64 : storage)
    }

    private mutating func encodings() throws(ParquetError) -> [PageEncoding] {
        let mask = try count(upTo: 1 << 9 - 1)
        let known = PageEncoding.allCases.filter { mask >> Int64($0.rawValue) & 1 == 1 }
        guard known.count == mask.nonzeroBitCount else { throw error("an unknown encoding") }
        return known
    }

    private func check(_ statistics: ColumnStatistics) throws(ParquetError) {
        let (minimum, maximum) = (statistics.minimum, statistics.maximum)
        if statistics.valueCount == 0, minimum != nil || maximum != nil {
            throw error("bounds without values")
        }
        if let minimum, let maximum, maximum.isLess(than: minimum) {
            throw error("the minimum is above the maximum")
        }
    }

    private mutating func bound(_ storage: ColumnStorage) throws(ParquetError) -> ColumnBound {
        let size = Int(try count(upTo: Int64(PageLimits.textBoundBytes)))
        guard size <= bytes.count - offset else { throw error("a bound leaves the bytes") }
        let plain = bytes[offset..<offset + size]
        offset += size
        switch storage {
        case .string, .stringList:
            guard String(validating: plain, as: UTF8.self) != nil else {
                throw error("a text bound that is no UTF-8")
            }
            return .text(Array(plain))
        case .boolean:
            guard size == 1, let value = plain.first, value <= 1 else { throw error("no boolean") }
            return .boolean(value == 1)
        case .int32, .date, .int64, .timestamp, .float64:
            return try number(plain, storage)
        }
    }

    private func number(
        _ plain: ArraySlice<UInt8>,
        _ storage: ColumnStorage
    ) throws(ParquetError) -> ColumnBound {
        guard plain.count == 8 else { throw error("a number of \(plain.count) bytes") }
        let bits = plain.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if storage == .float64 {
            let value = Double(bitPattern: bits)
            guard !value.isNaN else { throw error("a bound that is not a number") }
            return .double(value)
        }
        let value = Int64(bitPattern: bits)
        let isNarrow = storage == .int32 || storage == .date
        guard !isNarrow || Int32(exactly: value) != nil else { throw error("no 32-bit number") }
        return .integer(value)
    }
}
