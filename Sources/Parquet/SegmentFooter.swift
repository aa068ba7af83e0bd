/// The footer of a segment, read back: enough to check a file against what should be in it.
///
/// Made for files of anyone's making: garbage is an error, never a crash.
package struct SegmentFooter: Sendable, Equatable {
    package struct RowGroup: Sendable, Equatable {
        /// Where the first page begins in the file.
        package let offset: Int64
        package let rowCount: Int64
        package let compressedSizeBytes: Int64
    }

    /// Bytes at a file's end that say how long the footer is: its length and the magic.
    package static let tailSizeBytes = 8

    package let rowCount: Int64
    package let rowGroups: [RowGroup]
    /// Names of the top-level columns, in order.
    package let columnNames: [String]
    /// Length of the metadata alone: DuckLake's `footer_size`.
    package let footerSizeBytes: Int

    /// Reads the footer from the last bytes of a file, or from all of them.
    ///
    /// Throws `footerBeyondTail` with the number of bytes it needs when there are too few.
    package init(fileTail tail: [UInt8]) throws(ParquetError) {
        guard tail.count >= Self.tailSizeBytes else {
            throw .footerBeyondTail(neededBytes: Self.tailSizeBytes)
        }
        let lengthStart = tail.count - Self.tailSizeBytes
        guard Array(tail.suffix(SegmentLayout.header.count)) == SegmentLayout.header else {
            throw .malformedFooter(offset: lengthStart + 4, reason: "no PAR1 at the end")
        }
        let size = tail[lengthStart..<lengthStart + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size <= lengthStart else {
            throw .footerBeyondTail(neededBytes: size + Self.tailSizeBytes)
        }
        var reader = ThriftReader(Array(tail[(lengthStart - size)..<lengthStart]))
        var fields = Fields()
        try fields.read(&reader)
        guard reader.remaining == 0 else { throw reader.error("bytes behind the metadata") }
        guard let rowCount = fields.rowCount else { throw reader.error("no row count") }
        self.rowCount = rowCount
        rowGroups = fields.rowGroups
        columnNames = try Self.topLevelNames(fields.schema, reader)
        footerSizeBytes = size
    }

    package init(fileTail tail: UnsafeRawBufferPointer) throws(ParquetError) {
        try self.init(fileTail: Array(tail))
    }

    /// One element of the schema, which is a tree written from the root down.
    private struct SchemaNode {
        var name = ""
        var childCount: Int64 = 0
    }

    private static func topLevelNames(
        _ schema: [SchemaNode],
        _ reader: ThriftReader
    ) throws(ParquetError) -> [String] {
        guard let root = schema.first else { throw reader.error("no schema") }
        var names: [String] = []
        var next = 1
        while next < schema.count, names.count < root.childCount {
            names.append(schema[next].name)
            // Passes over the column and all below it.
            var open: Int64 = 1
            while open > 0, next < schema.count {
                let children = schema[next].childCount
                guard children >= 0, children <= schema.count else {
                    throw reader.error("a schema element of \(children) children")
                }
                open += children - 1
                next += 1
            }
            guard open == 0 else { throw reader.error("the schema ends within a column") }
        }
        guard next == schema.count, names.count == root.childCount else {
            throw reader.error("the schema has another number of columns than it says")
        }
        return names
    }

    /// What was found so far, by the field numbers of parquet.thrift.
    private struct Fields {
        var rowCount: Int64?
        var rowGroups: [RowGroup] = []
        var schema: [SchemaNode] = []

        mutating func read(_ reader: inout ThriftReader) throws(ParquetError) {
            var fields = Fields()
            try reader.structure { (reader, id, type) throws(ParquetError) in
                switch id {
                case 2:
                    try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
                        fields.schema.append(try Self.schemaNode(&reader))
                    }
                case 3: fields.rowCount = try reader.integer(type)
                case 4:
                    try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
                        fields.rowGroups.append(try Self.rowGroup(&reader))
                    }
                default: try reader.skip(type)
                }
            }
            self = fields
        }

        private static func schemaNode(_ reader: inout ThriftReader) throws(ParquetError)
            -> SchemaNode
        {
            var node = SchemaNode()
            try reader.structure { (reader, id, type) throws(ParquetError) in
                switch id {
                case 4: node.name = try reader.text(type)
                case 5: node.childCount = try reader.integer(type)
                default: try reader.skip(type)
                }
            }
            return node
        }

        private static func rowGroup(_ reader: inout ThriftReader) throws(ParquetError) -> RowGroup
        {
            var found: (offset: Int64?, rows: Int64?, size: Int64?)
            try reader.structure { (reader, id, type) throws(ParquetError) in
                switch id {
                case 3: found.rows = try reader.integer(type)
                case 5: found.offset = try reader.integer(type)
                case 6: found.size = try reader.integer(type)
                default: try reader.skip(type)
                }
            }
            guard let offset = found.offset, let rows = found.rows, let size = found.size,
                offset >= 0, rows >= 0, size >= 0
            else { throw reader.error("a row group without offset, rows or size") }
            return RowGroup(offset: offset, rowCount: rows, compressedSizeBytes: size)
        }
    }
}
