import Columns
import FuzzSupport
import Parquet

/// The footer of a segment of anybody's making: read, or refused.
enum FootersFuzzer: FuzzTarget {
    private static let columns = [
        ColumnDeclaration(name: "text", type: .string),
        ColumnDeclaration(name: "list", type: .jsonList),
    ]
    private static let layout = SegmentLayout(
        columns: columns,
        fieldIDs: [FieldIDs(column: 1), FieldIDs(column: 2, element: 3)],
        sortColumns: [0],
        keyValues: [("otcluster.job", "7")]
    )
    // The fuzzer's bytes are the metadata alone: `read` puts its length and the magic behind it.
    static let seeds = [layout.footer().bytes.dropLast(SegmentFooter.tailSizeBytes)].map {
        Array($0)
    }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        let length = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
        do throws(ParquetError) {
            let footer = try SegmentFooter(fileTail: Array(bytes) + length + SegmentLayout.header)
            precondition(footer.footerSizeBytes == bytes.count, "a footer of another size")
        } catch {
            precondition(!error.description.isEmpty, "an error without a message")
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { FootersFuzzer.begin() }
