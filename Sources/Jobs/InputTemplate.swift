import Base

/// The `input` of a job: a path or a glob with parameters in it, as in `sales-${day}.tsv.gz`.
///
/// Values are put in once and not looked through again, so a value cannot name another parameter.
/// The whole path is checked after that: parts that are harmless alone may not be so together.
struct InputTemplate {
    private enum Part {
        case text(Substring)
        case parameter(String)
    }

    private let parts: [Part]

    /// Splits a text; a `$` that no `{` follows stands for itself.
    init(_ text: String) throws(ValueProblem) {
        var parts: [Part] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            parts.append(.text(rest[..<start.lowerBound]))
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw ValueProblem(message: "has a '${' without its '}'")
            }
            parts.append(.parameter(String(rest[start.upperBound..<end])))
            rest = rest[rest.index(after: end)...]
        }
        parts.append(.text(rest))
        self.parts = parts
    }

    /// The parameters that occur, in order.
    var parameters: [String] {
        parts.compactMap { part in
            if case .parameter(let name) = part { name } else { nil }
        }
    }

    /// The text with the parameters' values, checked to be a path or a glob that may be read.
    func filled(_ values: [String: String]) throws(ValueProblem) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let run): text += run
            case .parameter(let name):
                guard let value = values[name] else {
                    throw ValueProblem(
                        message: "names '${\(name)}', which 'parameters' does not declare; "
                            + Spelling.suggestion(for: name, in: values.keys.sorted())
                            + "declared are: \(Spelling.list(values.keys.sorted()))"
                    )
                }
                text += value
            }
        }
        try Self.check(text)
        return text
    }

    /// Bytes of a path: Linux's PATH_MAX.
    private static let pathBytes = 4096

    private static func check(_ path: String) throws(ValueProblem) {
        guard !path.isEmpty, path.utf8.count < pathBytes,
            !path.unicodeScalars.contains(where: \.isControl)
        else {
            throw ValueProblem(
                message: "must be a path of 1 to \(pathBytes - 1) bytes without control characters"
            )
        }
        guard !path.contains("://") else {
            throw ValueProblem(
                message: "is a URL; bring the file into the raw store with 'otjob ingest' and name "
                    + "it, not '\(path)'"
            )
        }
        // An input is looked up below a store; it must not lead out of it.
        guard !path.split(separator: "/").contains("..") else {
            throw ValueProblem(message: "must not hold '..': '\(path)'")
        }
    }
}
