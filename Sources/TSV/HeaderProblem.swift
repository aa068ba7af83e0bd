package import Columns

/// How a file's header differs from the declared columns, and what to do about it.
package enum HeaderProblem: Error, Equatable, CustomStringConvertible {
    /// Right but for a byte order mark before it.
    case byteOrderMark
    /// Right but for a CR at its end.
    case carriageReturn
    case notUTF8
    /// Names in the order they are declared or, for those unexpected, found.
    case columns(missing: [String], unexpected: [String], outOfOrder: [String])

    package var description: String {
        switch self {
        case .byteOrderMark:
            return "the header begins with a byte order mark (EF BB BF): remove it from the file"
        case .carriageReturn:
            return "the header ends with a CR: say line_end: crlf in the job file's format"
        case .notUTF8:
            return "the header is not UTF-8: convert the file, or say header: false"
        case .columns(let missing, let unexpected, let outOfOrder):
            let parts = [
                ("missing", missing), ("unexpected", unexpected), ("out of order", outOfOrder),
            ]
            .filter { !$0.1.isEmpty }
            .map { "\($0.0): \($0.1.joined(separator: ", "))" }
            return "the header does not match the declared columns: "
                + parts.joined(separator: "; ") + "; correct the job file's columns or the file"
        }
    }
}

/// Compares a file's header, without its newline, with the declared columns; nil when they match.
package func checkHeader(
    _ line: [UInt8],
    against declaration: TransformDeclaration
) -> HeaderProblem? {
    guard line.withUnsafeBytes({ VectorLevel.best.isUTF8($0) }) else { return .notUTF8 }
    let declared = declaration.columns.map { Array($0.name.utf8) }
    var rest = line[...]
    let hasCarriageReturn = rest.last == UInt8(ascii: "\r")
    if hasCarriageReturn { rest.removeLast() }
    let hasMark = rest.starts(with: [0xEF, 0xBB, 0xBF])
    if hasMark { rest.removeFirst(3) }
    let found = rest.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        .map { Array($0) }
    guard found == declared else { return difference(found, declared) }
    if hasMark { return .byteOrderMark }
    return hasCarriageReturn && !declaration.stripsCarriageReturn ? .carriageReturn : nil
}

/// Names are compared as bytes: `String` would take different spellings of one character as equal.
private func difference(_ found: [[UInt8]], _ declared: [[UInt8]]) -> HeaderProblem {
    var missing = declared
    var unexpected: [[UInt8]] = []
    var common: [[UInt8]] = []
    for name in found {
        if let index = missing.firstIndex(of: name) {
            common.append(missing.remove(at: index))
        } else {
            unexpected.append(name)
        }
    }
    let expected = declared.filter { common.contains($0) }
    let outOfOrder = zip(expected, common).filter { $0.0 != $0.1 }.map { $0.0 }
    return .columns(
        missing: missing.map(text),
        unexpected: unexpected.map(text),
        outOfOrder: outOfOrder.map(text)
    )
}

private func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }
