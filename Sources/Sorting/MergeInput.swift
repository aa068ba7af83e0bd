package import Base
import Gzip
import Wire

/// The head of what a worker merges: the pieces that follow, and which of their rows are wanted.
///
/// The lease of a merge task has it, and the pieces, in place of a chunk's text;
/// docs/formats/sorted-run.md gives the bytes.
package struct MergeInput: Sendable, Equatable {
    package struct Piece: Sendable, Equatable {
        package var sizeBytes: Int
        package var keepsLow: Bool
        package var keepsHigh: Bool
    }

    package var pieces: [Piece]
    package var lowKey: [UInt8]?
    package var highKey: [UInt8]?

    package init(_ task: MergePlan.Task) {
        pieces = task.pieces.map {
            Piece(sizeBytes: $0.sizeBytes, keepsLow: $0.keepsLow, keepsHigh: $0.keepsHigh)
        }
        lowKey = task.lowKey
        highKey = task.highKey
    }

    package var piecesSizeBytes: Int { pieces.reduce(0) { $0 + $1.sizeBytes } }

    /// Its own size in 4 bytes, then what is said of the pieces.
    package var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.key(lowKey)
        fields.key(highKey)
        fields.list(pieces) { fields, piece in
            fields.integer(UInt32(piece.sizeBytes))
            fields.flag(piece.keepsLow)
            fields.flag(piece.keepsHigh)
        }
        var whole = FieldWriter()
        whole.bytes(fields.bytes)
        return whole.bytes
    }

    /// Reads the head of an input that must be of exactly the size that it says; and where it ends.
    static func decode(
        _ input: UnsafeRawBufferPointer
    ) throws(SortingError) -> (input: MergeInput, endOffset: Int) {
        do throws(WireError) {
            var sizes = FieldReader(input, message: "merge")
            let size = Int(try sizes.integer(UInt32.self))
            guard size <= input.count - 4 else { throw .malformed(message: "merge") }
            let head = UnsafeRawBufferPointer(rebasing: input[4..<4 + size])
            var fields = FieldReader(head, message: "merge")
            let decoded = try MergeInput(&fields)
            guard decoded.piecesSizeBytes == input.count - 4 - size else {
                throw .malformed(message: "merge")
            }
            return (decoded, 4 + size)
        } catch {
            throw .malformedRun(reason: "\(error)")
        }
    }

    private init(_ fields: inout FieldReader) throws(WireError) {
        lowKey = try fields.key()
        highKey = try fields.key()
        pieces = try fields.list(minimumSizeBytes: 6) { fields throws(WireError) in
            Piece(
                sizeBytes: Int(try fields.integer(UInt32.self)),
                keepsLow: try fields.flag(),
                keepsHigh: try fields.flag()
            )
        }
        try fields.end()
    }
}

extension MergePlan.Task {
    /// What a coordinator that comes back knows the task by.
    ///
    /// It is cut from no file: its first line is 0.
    package var summary: ChunkSummary {
        let head = MergeInput(self).encoded
        return ChunkSummary(
            sizeBytes: head.count + piecesSizeBytes,
            lines: Int64(rowLimit),
            crc32: (partition + head).withUnsafeBytes { crc32($0) }
        )
    }
}

extension FieldWriter {
    fileprivate mutating func key(_ key: [UInt8]?) {
        flag(key != nil)
        bytes(key ?? [])
    }
}

extension FieldReader {
    fileprivate mutating func key() throws(WireError) -> [UInt8]? {
        let isThere = try flag()
        let key = try bytes()
        return isThere ? key : nil
    }
}
