/// An address to listen on, `HOST:PORT`, with IPv6 hosts in brackets.
struct ListenAddress {
    let host: String
    let port: UInt16

    init(_ text: String) throws(ValueProblem) {
        let problem = ValueProblem(
            message: "must be HOST:PORT such as 127.0.0.1:7077, not '\(text)'"
        )
        guard let colon = text.lastIndex(of: ":") else { throw problem }
        let digits = text[text.index(after: colon)...]
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw problem
        }
        guard !host.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }),
            let port = UInt16(digits)
        else { throw problem }
        self.host = String(host)
        self.port = port
    }

    /// Whether only this machine reaches `text`; what is no address is not taken for one of its own.
    static func isLoopback(_ text: String) -> Bool {
        do throws(ValueProblem) {
            return try ListenAddress(text).isLoopback
        } catch {
            return false
        }
    }

    /// Whether only this machine reaches it: `localhost`, `::1` and 127.0.0.0/8 (RFC 1122, 3.2.1.3).
    ///
    /// Other spellings, such as `127.1`, do not count: what a resolver makes of them is its business.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.count <= 3 && part.allSatisfy { ("0"..."9").contains($0) }
                    && UInt8(part) != nil
            }
    }
}
