import Base
package import Columns

/// Turns chunks of tab-separated text into batches of typed columns.
///
/// Owned by one thread and used for chunk after chunk: all buffers stay. Every line of a chunk
/// becomes exactly one row of a batch or one reject. Strings are not copied: the batches refer to
/// the chunk's text, which must stay in place, unchanged, until they are encoded.
///
/// ```
/// text -> LineBlock (256 KiB: UTF-8 check, positions of delimiters, shape)
///              | all lines as declared             | otherwise
///              |                                   v
///              |                          LineFilter (line by line) -> rejects
///              v                                   v
///           FieldTable: one loop per column over all rows -> ColumnBatch
/// ```
///
/// The loops work on copies of pointers and counters: properties of a class touched in a loop cost
/// exclusivity checks, which were a quarter of all time when measured.
package final class ChunkParser {
    /// One per declared column, in order.
    package let batches: [ColumnBatch]
    /// Lines seen since the chunk began.
    package private(set) var lineCount: Int64 = 0
    /// Lines since the chunk began that became no row, in order.
    package private(set) var rejects: [RejectedLine] = []
    /// Per column, since the chunk began.
    package private(set) var conversionFailures: [Int]
    /// The first fields of each column, since the chunk began, that did not convert.
    package private(set) var examples: [UnconvertedField] = []

    private let columns: [ColumnDeclaration]
    private let rules: LineFilter.Rules
    private let level: VectorLevel
    private let nullMarker: NullMarker
    private var block = LineBlock()
    private var filter: LineFilter
    private var text = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var firstLine: Int64 = 1
    /// What the batches were filled from.
    private var table: FieldTable?

    /// Largest chunk, in bytes: its offsets must fit 32 bits, with room for the slack behind it.
    private static let chunkLimitBytes = Int(UInt32.max / 2)

    package convenience init(declaration: TransformDeclaration) {
        self.init(declaration: declaration, level: .best)
    }

    /// A parser that uses the given instruction set, for tests.
    package init(declaration: TransformDeclaration, level: VectorLevel) {
        let count = declaration.columns.count
        precondition((1...Limits.columns).contains(count), "a table of \(count) columns")
        self.level = level
        columns = declaration.columns
        batches = declaration.columns.map { ColumnBatch(storage: $0.type.storage) }
        conversionFailures = Array(repeating: 0, count: count)
        rules = LineFilter.Rules(declaration)
        filter = LineFilter(rules)
        nullMarker = NullMarker(declaration.nullMarker)
    }

    /// Begins a chunk of whole lines, of which the last may lack its newline.
    ///
    /// `Limits.textSlackBytes` behind the text must be readable and writable. The parser decodes
    /// JSON escapes in place and puts a newline behind an unterminated last line.
    package func begin(_ text: UnsafeMutableRawBufferPointer, firstLine: Int64) {
        precondition(text.count <= Self.chunkLimitBytes, "a chunk of \(text.count) bytes")
        self.text = text
        self.firstLine = firstLine
        if let last = text.last, last != UInt8(ascii: "\n") {
            self.text = UnsafeMutableRawBufferPointer(
                start: text.baseAddress,
                count: text.count + 1
            )
            self.text[text.count] = UInt8(ascii: "\n")
        }
        block.reset()
        table = nil
        lineCount = 0
        rejects.removeAll(keepingCapacity: true)
        examples.removeAll(keepingCapacity: true)
        for column in columns.indices { conversionFailures[column] = 0 }
    }

    /// Fills `batches` with the next rows and returns how many; nil at the end of the chunk.
    ///
    /// Never 0: where all lines of a batch are rejected, the next are taken.
    package func next() -> Int? {
        guard let base = text.baseAddress else { return nil }
        while true {
            if block.isConsumed {
                let hasLines = block.scan(
                    UnsafePointer(base.assumingMemoryBound(to: UInt8.self)),
                    size: text.count,
                    columnCount: columns.count,
                    level: level
                )
                guard hasLines else { return nil }
            }
            let rowCount =
                if let short = nullMarker.short {
                    fillBatches(base, short)
                } else {
                    fillBatches(base, nullMarker.other)
                }
            if rowCount > 0 { return rowCount }
        }
    }

    /// Appends where the lines lie that the rows of `batches` were made of, without their ends.
    package func appendLines(to lines: inout [TextRange]) {
        guard let table else { return }
        var bound = table.bounds
        for _ in 0..<table.rowCount {
            let start = bound[0] &+ 1
            lines.append(TextRange(start: start, length: bound[columns.count] &- start))
            bound += table.stride
        }
    }

    /// Fills the batches from the block's next lines; returns the number of rows.
    private func fillBatches(_ text: UnsafeMutableRawPointer, _ null: some NullTest) -> Int {
        let (first, rejected) = (firstLine + lineCount, rejects.count)
        let table = nextTable(text, null)
        self.table = table
        guard table.rowCount > 0 else { return 0 }
        for (index, column) in columns.enumerated() {
            let batch = batches[index]
            table.fill(batch, from: index, as: column.type, null)
            guard batch.conversionFailures > 0 else { continue }
            conversionFailures[index] += batch.conversionFailures
            takeExamples(of: index, from: table, first, rejects[rejected...], null)
        }
        return table.rowCount
    }

    /// Notes fields of a column that did not convert; the lines of the table begin at `first`.
    private func takeExamples(
        of column: Int,
        from table: FieldTable,
        _ first: Int64,
        _ rejected: ArraySlice<RejectedLine>,
        _ null: some NullTest
    ) {
        let known = examples.count { $0.column == column }
        let room = min(
            UnconvertedField.limitPerColumn - known,
            UnconvertedField.limit - examples.count
        )
        guard room > 0 else { return }
        for (row, range) in table.unconverted(batches[column], column, null, limit: room) {
            var line = first + Int64(row)
            for reject in rejected where reject.line <= line { line += 1 }
            examples.append(UnconvertedField(column: column, line: line, range: range))
        }
    }

    /// The block's next lines, without those that are rejected; may be none.
    private func nextTable(_ text: UnsafeMutableRawPointer, _ null: some NullTest) -> FieldTable {
        if block.isShaped && block.isUTF8 && !rules.stripsCarriageReturn {
            let lines = min(ColumnBatch.rowCapacity, block.remainingCount / columns.count)
            let table = FieldTable(
                text: text,
                bounds: block.next,
                stride: columns.count,
                rowCount: lines,
                spanBytes: block.end - block.start
            )
            if !rules.requiredColumns.contains(where: { table.hasNull(in: $0, null) }) {
                block.consume(lines * columns.count)
                lineCount += Int64(lines)
                return table
            }
        }
        let progress = filter.filter(
            block,
            of: text,
            firstLine: firstLine + lineCount,
            null: null,
            rejects: &rejects
        )
        block.consume(progress.delimiterCount)
        lineCount += Int64(progress.lineCount)
        return FieldTable(
            text: text,
            bounds: filter.rows,
            stride: filter.stride,
            rowCount: progress.rowCount,
            spanBytes: block.end - block.start
        )
    }
}
