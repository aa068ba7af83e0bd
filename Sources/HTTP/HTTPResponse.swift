/// One answer: what a server sends and a client gets.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// Without line breaks, which stop the process: hostile text does not belong in headers.
    package var headers: [(String, String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.0.lowercased() == name }?.1
    }

    package static func json(_ bytes: [UInt8], status: Int = 200) -> Self {
        Self(status: status, headers: [("Content-Type", "application/json")], body: bytes)
    }

    package static func text(_ text: String, status: Int = 200) -> Self {
        let headers = [("Content-Type", "text/plain; charset=utf-8")]
        return Self(status: status, headers: headers, body: Array(text.utf8))
    }

    package static func notFound(_ message: String) -> Self { error(404, message) }

    /// An error in the form of Google's APIs: `{"error":{"code":404,"status":"NOT_FOUND",…}}`.
    package static func error(_ status: Int, _ message: String) -> Self {
        let text =
            #"{"error":{"code":\#(status),"status":"\#(name(of: status))","#
            + #""message":"\#(escaped(message))"}}"#
        return json(Array(text.utf8), status: status)
    }

    /// The names of google.rpc.Code where it has one for an HTTP status, else the phrase of RFC 9110.
    private static func name(of status: Int) -> String {
        switch status {
        case 400: "INVALID_ARGUMENT"
        case 401: "UNAUTHENTICATED"
        case 403: "PERMISSION_DENIED"
        case 404: "NOT_FOUND"
        case 405: "METHOD_NOT_ALLOWED"
        case 409: "ALREADY_EXISTS"
        case 413: "CONTENT_TOO_LARGE"
        case 415: "UNSUPPORTED_MEDIA_TYPE"
        case 429: "RESOURCE_EXHAUSTED"
        case 503: "UNAVAILABLE"
        default: status < 500 ? "INVALID_ARGUMENT" : "INTERNAL"
        }
    }

    /// The inside of a JSON string (RFC 8259 section 7).
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
