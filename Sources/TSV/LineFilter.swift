import Base
import Columns

/// Goes through lines one by one and keeps those that make rows: the slow path.
///
/// Taken where a block is not UTF-8, a line has another number of fields than there are columns, a
/// required field is null, or CRs are to be taken off.
struct LineFilter: ~Copyable {
    /// What every line of a chunk is held against.
    struct Rules {
        let columns: [ColumnDeclaration]
        let requiredColumns: [Int]
        let stripsCarriageReturn: Bool

        init(_ declaration: TransformDeclaration) {
            columns = declaration.columns
            requiredColumns = declaration.columns.indices.filter {
                declaration.columns[$0].isRequired
            }
            stripsCarriageReturn = declaration.stripsCarriageReturn
        }
    }

    /// How far a call came.
    struct Progress {
        var rowCount = 0
        var lineCount = 0
        var delimiterCount = 0
    }

    private let rules: Rules
    /// The kept rows: the delimiter before each, then the end of each field.
    private var kept = PositionBuffer(capacity: LineBlock.sizeBytes / 4)
    /// The last reason for a wrong count, as files with one such line often have many.
    private var lastCountReason: (found: Int, reason: String) = (-1, "")

    init(_ rules: Rules) { self.rules = rules }

    var rows: UnsafePointer<UInt32> { UnsafePointer(kept.base) }
    /// Entries of `rows` from one row to the next.
    var stride: Int { rules.columns.count + 1 }

    /// Goes through up to `ColumnBatch.rowCapacity` of a block's lines.
    mutating func filter(
        _ block: borrowing LineBlock,
        of text: UnsafeRawPointer,
        firstLine: Int64,
        null: some NullTest,
        rejects: inout [RejectedLine]
    ) -> Progress {
        // A kept row has at most two entries for each of its delimiters.
        kept.reserve(block.remainingCount * 2)
        var progress = Progress()
        while progress.delimiterCount < block.remainingCount,
            progress.lineCount < ColumnBatch.rowCapacity
        {
            let bounds = block.next + progress.delimiterCount
            var fieldCount = 1
            while text.load(fromByteOffset: Int(bounds[fieldCount]), as: UInt8.self)
                != UInt8(ascii: "\n")
            {
                fieldCount += 1
            }
            let line = Line(text: text, bounds: bounds, fieldCount: fieldCount, rules: rules)
            if let reason = reasonToReject(line, checksUTF8: !block.isUTF8, null) {
                let number = firstLine + Int64(progress.lineCount)
                rejects.append(line.rejected(number, isUTF8: !reason.isEncoding, reason.text))
            } else {
                line.copy(to: kept.base + progress.rowCount * stride)
                progress.rowCount += 1
            }
            progress.lineCount += 1
            progress.delimiterCount += fieldCount
        }
        return progress
    }

    private mutating func reasonToReject(
        _ line: Line,
        checksUTF8: Bool,
        _ null: some NullTest
    ) -> (text: String, isEncoding: Bool)? {
        if checksUTF8 {
            let prefix = wellFormedPrefix(line.bytes)
            if prefix < line.bytes.count { return ("not UTF-8 at byte \(prefix + 1)", true) }
        }
        if line.fieldCount != rules.columns.count { return (countReason(line.fieldCount), false) }
        for column in rules.requiredColumns {
            let field = line.field(column)
            if null.matches(field.start, field.length) {
                return ("required column \(rules.columns[column].name) is null", false)
            }
        }
        return nil
    }

    private mutating func countReason(_ found: Int) -> String {
        if lastCountReason.found != found {
            let expected = rules.columns.count
            let fields = expected == 1 ? "field" : "fields"
            lastCountReason = (found, "\(expected) \(fields) expected, \(found) found")
        }
        return lastCountReason.reason
    }
}

/// One line and the bounds of its fields.
private struct Line {
    let text: UnsafeRawPointer
    let bounds: UnsafePointer<UInt32>
    let fieldCount: Int
    /// Behind the last field: the newline, or the CR before it where that is taken off.
    let end: UInt32

    init(
        text: UnsafeRawPointer,
        bounds: UnsafePointer<UInt32>,
        fieldCount: Int,
        rules: borrowing LineFilter.Rules
    ) {
        self.text = text
        self.bounds = bounds
        self.fieldCount = fieldCount
        let newline = bounds[fieldCount]
        let isEmpty = newline == bounds[0] &+ 1
        let strips =
            rules.stripsCarriageReturn && !isEmpty
            && text.load(fromByteOffset: Int(newline) - 1, as: UInt8.self) == UInt8(ascii: "\r")
        end = strips ? newline - 1 : newline
    }

    private var start: UInt32 { bounds[0] &+ 1 }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text + Int(start), count: Int(end - start))
    }

    func field(_ column: Int) -> (start: UnsafeRawPointer, length: Int) {
        let start = bounds[column] &+ 1
        let end = column == fieldCount - 1 ? end : bounds[column + 1]
        return (text + Int(start), Int(end - start))
    }

    func copy(to row: UnsafeMutablePointer<UInt32>) {
        row.update(from: bounds, count: fieldCount)
        row[fieldCount] = end
    }

    func rejected(_ number: Int64, isUTF8: Bool, _ reason: String) -> RejectedLine {
        let range = TextRange(start: start, length: end - start)
        return RejectedLine(line: number, range: range, isUTF8: isUTF8, reason: reason)
    }
}
