/// Writes structs in Thrift's compact protocol, in which Parquet keeps its headers and its footer.
///
/// thrift/doc/specs/thrift-compact-protocol.md: a field is one byte `id delta << 4 | type` (or the type
/// and the id in zigzag form), numbers are zigzag varints, a struct ends with a zero byte.
struct ThriftWriter {
    /// Types of fields and elements, with the numbers of the protocol.
    enum FieldType: UInt8 {
        case boolTrue = 1
        case boolFalse = 2
        case i8 = 3
        case i16 = 4
        case i32 = 5
        case i64 = 6
        case double = 7
        case binary = 8
        case list = 9
        case set = 10
        case map = 11
        case structure = 12
    }

    private(set) var bytes: [UInt8] = []
    private var lastField: Int16 = 0
    private var outerFields: [Int16] = []

    mutating func field(_ id: Int16, i32 value: Int32) {
        header(id, .i32)
        zigzag(Int64(value))
    }

    mutating func field(_ id: Int16, i64 value: Int64) {
        header(id, .i64)
        zigzag(value)
    }

    mutating func field(_ id: Int16, bool value: Bool) {
        header(id, value ? .boolTrue : .boolFalse)
    }

    mutating func field(_ id: Int16, text: String) {
        field(id, binary: Array(text.utf8))
    }

    mutating func field(_ id: Int16, binary: [UInt8]) {
        header(id, .binary)
        element(binary: binary)
    }

    mutating func beginStruct(field id: Int16) {
        header(id, .structure)
        beginElement()
    }

    /// A struct without fields: a union's case that says all by its number.
    mutating func emptyStruct(field id: Int16) {
        beginStruct(field: id)
        endStruct()
    }

    mutating func endStruct() {
        bytes.append(0)
        precondition(!outerFields.isEmpty, "a struct ends that never began")
        lastField = outerFields.removeLast()
    }

    mutating func list(field id: Int16, of type: FieldType, count: Int) {
        header(id, .list)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | type.rawValue)
        } else {
            bytes.append(0xF0 | type.rawValue)
            varint(UInt64(count))
        }
    }

    /// Begins a struct that is a list's element; ends with `endStruct`.
    mutating func beginElement() {
        outerFields.append(lastField)
        lastField = 0
    }

    mutating func element(i32 value: Int32) { zigzag(Int64(value)) }

    mutating func element(binary: [UInt8]) {
        varint(UInt64(binary.count))
        bytes.append(contentsOf: binary)
    }

    /// Ends the outermost struct.
    mutating func finish() -> [UInt8] {
        precondition(outerFields.isEmpty, "a struct is still open")
        bytes.append(0)
        return bytes
    }

    private mutating func header(_ id: Int16, _ type: FieldType) {
        let delta = id - lastField
        if delta > 0 && delta < 16 {
            bytes.append(UInt8(delta) << 4 | type.rawValue)
        } else {
            bytes.append(type.rawValue)
            zigzag(Int64(id))
        }
        lastField = id
    }

    private mutating func zigzag(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    private mutating func varint(_ value: UInt64) { bytes.appendVarint(value) }
}

extension [UInt8] {
    /// Appends an unsigned LEB128 number.
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
