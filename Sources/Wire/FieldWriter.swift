/// Appends the fields of a message: integers little-endian, text and bytes behind a 32-bit length.
package struct FieldWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func bytes(_ value: [UInt8]) {
        integer(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func text(_ value: String) { bytes(Array(value.utf8)) }

    package mutating func list<Element>(_ values: [Element], _ write: (inout Self, Element) -> Void)
    {
        integer(UInt32(values.count))
        for value in values { write(&self, value) }
    }
}

/// Takes the fields of a message off again; every length is checked before memory is taken.
package struct FieldReader {
    private let message: String
    private let payload: UnsafeRawBufferPointer
    private var offset = 0

    package init(_ payload: UnsafeRawBufferPointer, message: String) {
        self.payload = payload
        self.message = message
    }

    package mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self
    ) throws(WireError) -> Value {
        let size = MemoryLayout<Value>.size
        guard payload.count - offset >= size else { throw .malformed(message: message) }
        defer { offset += size }
        return Value(littleEndian: payload.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    package mutating func flag() throws(WireError) -> Bool { try integer(UInt8.self) != 0 }

    package mutating func bytes() throws(WireError) -> [UInt8] {
        let count = Int(try integer(UInt32.self))
        guard payload.count - offset >= count else { throw .malformed(message: message) }
        defer { offset += count }
        return Array(payload[offset..<offset + count])
    }

    package mutating func text() throws(WireError) -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }

    /// A list whose elements take at least `minimumSizeBytes` each, which bounds its count.
    package mutating func list<Element>(
        minimumSizeBytes: Int,
        _ read: (inout Self) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = Int(try integer(UInt32.self))
        guard count <= (payload.count - offset) / minimumSizeBytes else {
            throw .malformed(message: message)
        }
        var values: [Element] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    /// Checks that the message ends here.
    package func end() throws(WireError) {
        guard offset == payload.count else { throw .malformed(message: message) }
    }
}
