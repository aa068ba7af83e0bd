/// The bytes of an index; docs/formats/split-index.md.
extension SplitIndex {
    private static let magic = [UInt8]("OTSPLIT\n".utf8)
    private static let version: UInt32 = 1

    private enum Flag {
        static let header: UInt32 = 1
        static let md5: UInt32 = 2
    }

    private static let md5SizeBytes = 16
    /// All but the header line, the entries and the windows.
    static let fixedSizeBytes = 96
    static let entrySizeBytes = 44

    package var encoded: [UInt8] {
        var fields = IndexWriter()
        fields.bytes += Self.magic
        fields.integer(Self.version)
        fields.integer((cut.hasHeader ? Flag.header : 0) | (md5 == nil ? 0 : Flag.md5))
        fields.integer(source.sizeBytes)
        fields.integer(source.modifiedNanoseconds)
        fields.integer(source.inode)
        fields.integer(source.device)
        fields.integer(rawSizeBytes)
        fields.integer(rawCRC32)
        fields.integer(compressedCRC32)
        fields.bytes += md5 ?? [UInt8](repeating: 0, count: Self.md5SizeBytes)
        fields.integer(UInt32(cut.chunkSizeBytes))
        fields.integer(UInt32(chunks.count))
        fields.integer(UInt32(header.count))
        fields.bytes += header
        for chunk in chunks { fields.entry(chunk) }
        for chunk in chunks { fields.bytes += chunk.slice.window.bytes }
        fields.integer(fields.bytes.withUnsafeBytes { Gzip.crc32($0) })
        return fields.bytes
    }

    /// Reads an index and checks all of it: nothing of one that is damaged is believed.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(SplitIndexError) {
        guard bytes.count >= Self.magic.count + 4,
            bytes.prefix(Self.magic.count).elementsEqual(Self.magic),
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
                == Self.version
        else { throw .notAnIndex }
        guard bytes.count >= Self.fixedSizeBytes else { throw .damaged }
        let body = UnsafeRawBufferPointer(rebasing: bytes.dropLast(4))
        let crc = bytes.loadUnaligned(fromByteOffset: body.count, as: UInt32.self)
        guard Gzip.crc32(body) == UInt32(littleEndian: crc) else { throw .damaged }
        var fields = IndexReader(body, offset: Self.magic.count + 4)
        try self.init(&fields)
        guard fields.isAtEnd else { throw .damaged }
        try checkConsistency()
    }

    private init(_ fields: inout IndexReader) throws(SplitIndexError) {
        let flags: UInt32 = try fields.integer()
        source = Source(
            sizeBytes: try fields.integer(),
            modifiedNanoseconds: try fields.integer(),
            inode: try fields.integer(),
            device: try fields.integer()
        )
        rawSizeBytes = try fields.integer()
        rawCRC32 = try fields.integer()
        compressedCRC32 = try fields.integer()
        let digest = try fields.bytes(Self.md5SizeBytes)
        md5 = flags & Flag.md5 == 0 ? nil : digest
        cut = Cut(
            chunkSizeBytes: Int(try fields.integer(UInt32.self)),
            hasHeader: flags & Flag.header != 0
        )
        let chunkCount = Int(try fields.integer(UInt32.self))
        let headerSizeBytes = Int(try fields.integer(UInt32.self))
        header = try fields.bytes(headerSizeBytes)
        chunks = try Self.readChunks(chunkCount, hasHeader: cut.hasHeader, header, &fields)
    }

    /// Offsets and line numbers are not stored, they follow from the sizes and counts before.
    private static func readChunks(
        _ count: Int,
        hasHeader: Bool,
        _ header: [UInt8],
        _ fields: inout IndexReader
    ) throws(SplitIndexError) -> [Chunk] {
        // Bounds the count before memory is taken for it.
        guard count <= fields.remainingBytes / entrySizeBytes else { throw .damaged }
        var entries: [IndexEntry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count { entries.append(try IndexEntry(&fields)) }
        var rawOffset = hasHeader ? Int64(header.count) + 1 : 0
        var line: Int64 = hasHeader ? 2 : 1
        var chunks: [Chunk] = []
        chunks.reserveCapacity(count)
        for entry in entries {
            let window = try fields.bytes(Int(entry.storedWindowSizeBytes))
            chunks.append(entry.chunk(window: window, rawOffset: rawOffset, firstLine: line))
            rawOffset += Int64(entry.sizeBytes)
            line += Int64(entry.lineCount)
        }
        return chunks
    }
}

/// One chunk's fixed fields.
private struct IndexEntry {
    let blockBit: Int64
    let blockRawOffset: Int64
    let sliceSizeBytes: UInt32
    let sliceCRC32: UInt32
    let windowSizeBytes: UInt32
    let storedWindowSizeBytes: UInt32
    let sizeBytes: UInt32
    let lineCount: UInt32
    let crc32: UInt32

    init(_ fields: inout IndexReader) throws(SplitIndexError) {
        blockBit = try fields.integer()
        blockRawOffset = try fields.integer()
        sliceSizeBytes = try fields.integer()
        sliceCRC32 = try fields.integer()
        windowSizeBytes = try fields.integer()
        storedWindowSizeBytes = try fields.integer()
        sizeBytes = try fields.integer()
        lineCount = try fields.integer()
        crc32 = try fields.integer()
    }

    func chunk(window: [UInt8], rawOffset: Int64, firstLine: Int64) -> SplitIndex.Chunk {
        SplitIndex.Chunk(
            sizeBytes: Int(sizeBytes),
            firstLine: firstLine,
            lineCount: Int64(lineCount),
            rawOffset: rawOffset,
            crc32: crc32,
            slice: SplitIndex.Slice(
                byteOffset: blockBit >> 3,
                bitOffset: Int(blockBit & 7),
                sizeBytes: Int(sliceSizeBytes),
                crc32: sliceCRC32,
                rawOffset: blockRawOffset,
                window: StoredWindow(bytes: window, sizeBytes: Int(windowSizeBytes))
            )
        )
    }
}

/// Appends fields, integers little-endian.
private struct IndexWriter {
    var bytes: [UInt8] = []

    mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func entry(_ chunk: SplitIndex.Chunk) {
        let slice = chunk.slice
        integer(slice.byteOffset << 3 | Int64(slice.bitOffset))
        integer(slice.rawOffset)
        integer(UInt32(slice.sizeBytes))
        integer(slice.crc32)
        integer(UInt32(slice.window.sizeBytes))
        integer(UInt32(slice.window.bytes.count))
        integer(UInt32(chunk.sizeBytes))
        integer(UInt32(chunk.lineCount))
        integer(chunk.crc32)
    }
}

/// Takes fields off again; every size is checked before memory is taken.
private struct IndexReader {
    private let memory: UnsafeRawBufferPointer
    private var offset: Int

    init(_ memory: UnsafeRawBufferPointer, offset: Int) {
        self.memory = memory
        self.offset = offset
    }

    var remainingBytes: Int { memory.count - offset }
    var isAtEnd: Bool { remainingBytes == 0 }

    mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self
    ) throws(SplitIndexError) -> Value {
        let size = MemoryLayout<Value>.size
        guard remainingBytes >= size else { throw .damaged }
        defer { offset += size }
        return Value(littleEndian: memory.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    mutating func bytes(_ count: Int) throws(SplitIndexError) -> [UInt8] {
        guard remainingBytes >= count else { throw .damaged }
        defer { offset += count }
        return Array(memory[offset..<offset + count])
    }
}
