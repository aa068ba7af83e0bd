import Base
import Columns
import FuzzSupport
import Parquet

/// The metadata that a worker sends with its pages: refused, or fit for a segment whose footer can be
/// read back.
enum RowGroupsFuzzer: FuzzTarget {
    private static let types: [ColumnType] = [
        .string, .int32, .int64, .float64, .boolean, .date, .timestamp, .jsonList,
    ]

    /// A table whose columns have the types that the bits of `kinds` stand for.
    private static func columns(_ kinds: UInt8) -> [ColumnDeclaration] {
        types.enumerated().filter { kinds >> UInt8($0.offset) & 1 == 1 }.map { index, type in
            ColumnDeclaration(name: "c\(index)", type: type)
        }
    }

    private static func layout(of columns: [ColumnDeclaration]) -> SegmentLayout {
        let fieldIDs = columns.enumerated().map { index, column in
            let isList = column.type.storage == .stringList
            return FieldIDs(column: Int32(2 * index), element: isList ? Int32(2 * index + 1) : nil)
        }
        return SegmentLayout(columns: columns, fieldIDs: fieldIDs, sortColumns: [], keyValues: [])
    }

    /// A row group of three rows: one null, one value twice.
    private static func encoded(_ columns: [ColumnDeclaration]) -> [UInt8] {
        let text = Array("abcabc".utf8) + Array(repeating: 0, count: Limits.textSlackBytes)
        let batches = columns.map { column in
            let batch = ColumnBatch(storage: column.type.storage)
            batch.rowCount = 3
            for row in 0..<3 {
                switch column.type.storage {
                case .string:
                    batch.ranges[row] = row == 1 ? .null : TextRange(start: 0, length: 3)
                    batch.nullCount = 1
                case .stringList:
                    batch.ranges[row] = TextRange(start: 3, length: 2)
                    batch.listLengths[row] = row == 0 ? 3 : 0
                    batch.elementCount = 3
                default:
                    batch.int64Values[row] = 0
                    batch.validity[row] = row == 1 ? 0 : 1
                    batch.nullCount = 1
                }
            }
            return batch
        }
        let encoder = RowGroupEncoder(columns: columns, sortColumns: [])
        var payload = ByteBuffer()
        return text.withUnsafeBytes { text in
            do throws(ParquetError) {
                try encoder.append(batches, text: text)
                return try encoder.finish(into: &payload).encoded()
            } catch {
                preconditionFailure("three rows cannot be encoded: \(error)")
            }
        }
    }

    static var seeds: [[UInt8]] {
        ([1, 2, 8, 16, 128, 255] as [UInt8]).map { [$0] + encoded(columns($0)) }
    }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        var input = FuzzInput(bytes)
        let columns = columns(max(1, input.byte()))
        let metadata: RowGroupMetadata
        do throws(ParquetError) {
            metadata = try RowGroupMetadata(decoding: input.rest, columns: columns)
        } catch {
            precondition(!error.description.isEmpty, "an error without a message")
            return
        }
        var layout = layout(of: columns)
        layout.append(metadata, at: layout.sizeBytes)
        layout.append(metadata, at: layout.sizeBytes)
        do throws(ParquetError) {
            let again = try RowGroupMetadata(decoding: metadata.encoded(), columns: columns)
            precondition(again == metadata, "\(metadata) became \(again)")
            let footer = try SegmentFooter(fileTail: layout.footer().bytes)
            precondition(footer.rowCount == 2 * metadata.rowCount, "rows are lost")
        } catch {
            preconditionFailure("what was accepted cannot be read back: \(error)")
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { RowGroupsFuzzer.begin() }
