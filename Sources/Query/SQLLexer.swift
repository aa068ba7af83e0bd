/// Cuts SQL into tokens the way DuckDB's lexer (PostgreSQL's, scan.l) does.
///
/// Where the two could disagree, as on nested comments or exotic blanks, the text is refused: the
/// guard must never see a string where DuckDB sees code.
struct SQLLexer {
    private let text: [Unicode.Scalar]
    private var index = 0

    init(_ sql: String) { text = Array(sql.unicodeScalars) }

    static func tokens(of sql: String) throws(QueryRefusal) -> [SQLToken] {
        var lexer = Self(sql)
        var tokens: [SQLToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        return tokens
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        index + offset < text.count ? text[index + offset] : nil
    }

    private mutating func next() throws(QueryRefusal) -> SQLToken? {
        try skipBlanksAndComments()
        guard let scalar = peek() else { return nil }
        switch scalar {
        case "'":
            try skipQuoted(by: "'", backslashes: false)
            return .string
        case "\"":
            return .quotedName(try quotedName())
        case "$":
            return try dollar()
        case _ where Self.startsWord(scalar):
            return try word()
        case "0"..."9":
            while let digit = peek(), Self.continuesWord(digit) { index += 1 }
            return .number
        case "!"..."~":
            index += 1
            return .symbol(scalar)
        default:
            let code = String(scalar.value, radix: 16, uppercase: true)
            throw QueryRefusal(description: "the character U+\(code) must stand in quotes")
        }
    }

    private mutating func skipBlanksAndComments() throws(QueryRefusal) {
        while let scalar = peek() {
            if " \t\n\r\u{b}\u{c}".unicodeScalars.contains(scalar) {
                index += 1
            } else if scalar == "-", peek(1) == "-" {
                while let rest = peek(), rest != "\n", rest != "\r" { index += 1 }
            } else if scalar == "/", peek(1) == "*" {
                try skipBlockComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(QueryRefusal) {
        index += 2
        while let scalar = peek() {
            if scalar == "*", peek(1) == "/" {
                index += 2
                return
            }
            guard scalar != "/" || peek(1) != "*" else {
                throw QueryRefusal(description: "a comment must not stand within another one")
            }
            index += 1
        }
        throw QueryRefusal(description: "a comment is not ended: '*/' is missing")
    }

    /// Skips a string or a quoted name; the quote doubled stands for itself.
    private mutating func skipQuoted(
        by quote: Unicode.Scalar,
        backslashes: Bool
    ) throws(QueryRefusal) {
        index += 1
        while let scalar = peek() {
            if backslashes, scalar == "\\" {
                index += 2
            } else if scalar == quote {
                index += 1
                if peek() != quote { return }
                index += 1
            } else {
                index += 1
            }
        }
        throw QueryRefusal(description: "a quote is not closed: \(quote) is missing")
    }

    private mutating func quotedName() throws(QueryRefusal) -> String {
        let start = index
        try skipQuoted(by: "\"", backslashes: false)
        var name = String.UnicodeScalarView()
        var position = start + 1
        while position < index - 1 {
            name.append(text[position])
            // Of a doubled quote, one counts.
            position += text[position] == "\"" ? 2 : 1
        }
        return String(name).lowercased()
    }

    /// `$$text$$`, `$tag$text$tag$`, or a parameter as `$1`, which has no value here.
    private mutating func dollar() throws(QueryRefusal) -> SQLToken {
        var end = index + 1
        while end < text.count, Self.startsWord(text[end]) || isDigit(text[end]) { end += 1 }
        guard end < text.count, text[end] == "$" else {
            throw QueryRefusal(description: "parameters ('$…') have no values here")
        }
        let delimiter = text[index...end]
        index = end + 1
        while index + delimiter.count <= text.count {
            if text[index..<(index + delimiter.count)].elementsEqual(delimiter) {
                index += delimiter.count
                return .string
            }
            index += 1
        }
        throw QueryRefusal(description: "a dollar-quoted string is not closed")
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private mutating func word() throws(QueryRefusal) -> SQLToken {
        let start = index
        while let scalar = peek(), Self.continuesWord(scalar) { index += 1 }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[start..<index])
        let word = String(view).lowercased()
        // e'…' knows backslash escapes. U&'…' and U&"…" could spell a name with escapes.
        if word == "e", peek() == "'" {
            try skipQuoted(by: "'", backslashes: true)
            return .string
        }
        guard word != "u" || peek() != "&" else {
            throw QueryRefusal(description: "U& strings and names are not let through")
        }
        return .word(word)
    }

    private static func startsWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        default: scalar.value > 127 && scalar.properties.isAlphabetic
        }
    }

    private static func continuesWord(_ scalar: Unicode.Scalar) -> Bool {
        startsWord(scalar) || ("0"..."9").contains(scalar) || scalar == "$"
    }
}
