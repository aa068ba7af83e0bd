import Base
import Columns
import Parquet

/// A column of a test: its name and its values, as a reader should give them back.
struct TestColumn {
    enum Values {
        case strings([String?])
        case lists([[String]])
        case int32([Int32?])
        case int64([Int64?])
        case doubles([Double?])
        case booleans([Bool?])
        case dates([Int32?])
        case timestamps([Int64?])
    }

    let name: String
    let values: Values
    /// Encodings that the chunks should use; nil when the test does not care.
    var encodings: [String]?

    init(_ name: String, _ values: Values, encodings: [String]? = nil) {
        self.name = name
        self.values = values
        self.encodings = encodings
    }

    var declaration: ColumnDeclaration { ColumnDeclaration(name: name, type: type) }

    var type: ColumnType {
        switch values {
        case .strings: .string
        case .lists: .list(separator: UInt8(ascii: ","))
        case .int32: .int32
        case .int64: .int64
        case .doubles: .float64
        case .booleans: .boolean
        case .dates: .date
        case .timestamps: .timestamp
        }
    }

    var count: Int {
        switch values {
        case .strings(let values): values.count
        case .lists(let values): values.count
        case .int32(let values), .dates(let values): values.count
        case .int64(let values), .timestamps(let values): values.count
        case .doubles(let values): values.count
        case .booleans(let values): values.count
        }
    }

    /// Fills `batch` with the given rows; strings are appended to `text` and must not move later.
    func fill(_ batch: ColumnBatch, _ rows: Range<Int>, text: inout [UInt8]) {
        (batch.rowCount, batch.elementCount, batch.nullCount) = (rows.count, 0, 0)
        switch values {
        case .strings(let values):
            for (index, value) in values[rows].enumerated() {
                batch.ranges[index] = value.map { Self.append($0, to: &text) } ?? .null
                batch.nullCount += value == nil ? 1 : 0
            }
        case .lists(let values):
            let elements = values[rows].flatMap { $0 }
            batch.reserveRanges(elements.count)
            batch.elementCount = elements.count
            for (index, element) in elements.enumerated() {
                batch.ranges[index] = Self.append(element, to: &text)
            }
            for (index, list) in values[rows].enumerated() {
                batch.listLengths[index] = UInt32(list.count)
            }
        case .int32(let values), .dates(let values):
            Self.fill(batch, batch.int32Values, values[rows], zero: 0)
        case .int64(let values), .timestamps(let values):
            Self.fill(batch, batch.int64Values, values[rows], zero: 0)
        case .doubles(let values): Self.fill(batch, batch.doubleValues, values[rows], zero: 0)
        case .booleans(let values):
            Self.fill(batch, batch.byteValues, values[rows].map { $0.map { $0 ? 1 : 0 } }, zero: 0)
        }
    }

    private static func fill<Value>(
        _ batch: ColumnBatch,
        _ target: UnsafeMutablePointer<Value>,
        _ values: some Collection<Value?>,
        zero: Value
    ) {
        for (index, value) in values.enumerated() {
            target[index] = value ?? zero
            batch.validity[index] = value == nil ? 0 : 1
            batch.nullCount += value == nil ? 1 : 0
        }
    }

    private static func append(_ value: String, to text: inout [UInt8]) -> TextRange {
        let range = TextRange(start: UInt32(text.count), length: UInt32(value.utf8.count))
        text.append(contentsOf: value.utf8)
        return range
    }
}

extension TestColumn: Encodable {
    private enum CodingKeys: String, CodingKey { case name, storage, values, encodings, fieldIDs }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode("\(type.storage)", forKey: .storage)
        try container.encodeIfPresent(encodings, forKey: .encodings)
        try container.encode(Self.fieldIDs(name, type), forKey: .fieldIDs)
        switch values {
        case .strings(let values): try container.encode(values, forKey: .values)
        case .lists(let values): try container.encode(values, forKey: .values)
        case .int32(let values), .dates(let values): try container.encode(values, forKey: .values)
        case .int64(let values), .timestamps(let values):
            try container.encode(values, forKey: .values)
        case .doubles(let values): try container.encode(values, forKey: .values)
        case .booleans(let values): try container.encode(values, forKey: .values)
        }
    }

    /// Ids made from the name, so that no test depends on the order of columns.
    static func fieldIDs(_ name: String, _ type: ColumnType) -> [Int32] {
        let id = name.utf8.reduce(Int32(1)) { ($0 * 31 + Int32($1)) % 9973 } * 2
        return type.storage == .stringList ? [id, id + 1] : [id]
    }
}
