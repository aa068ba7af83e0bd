/// Where something is downloaded from: an http or https URL in a spelling that leaves no doubt.
///
/// What reads a URL differently from who checked it can be led to another host. So only URLs are
/// taken that every reader reads alike (RFC 3986): ASCII, no user, no fragment, no backslash, a host
/// of plain letters. Anything else is refused rather than repaired.
package struct SourceAddress: Hashable, Sendable, CustomStringConvertible {
    package let isEncrypted: Bool
    /// A name or an IPv4 address, in lower case.
    package let host: String
    package let port: Int
    /// With the query; begins with a slash.
    package let path: String

    /// Bytes of a URL; longer ones are not about files.
    package static let maximumSizeBytes = 2048

    package init(_ text: String) throws(SourceAddressError) {
        guard text.utf8.count <= Self.maximumSizeBytes else { throw .tooLong }
        guard text.utf8.allSatisfy(Self.isAllowed) else { throw .badCharacter }
        let rest: Substring
        if text.hasPrefix("https://") {
            (isEncrypted, rest) = (true, text.dropFirst(8))
        } else if text.hasPrefix("http://") {
            (isEncrypted, rest) = (false, text.dropFirst(7))
        } else {
            throw .otherScheme
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard end == rest.endIndex || rest[end] == "/" else { throw .noPath }
        let authority = rest[..<end].split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(authority.count) else { throw .badHost }
        host = String(authority[0]).lowercased()
        guard Self.isHost(host) else { throw .badHost }
        port = authority.count == 2 ? try Self.port(authority[1]) : isEncrypted ? 443 : 80
        path = end == rest.endIndex ? "/" : String(rest[end...])
    }

    /// The host, and the port unless it is the scheme's own.
    package var authority: String {
        port == (isEncrypted ? 443 : 80) ? host : "\(host):\(port)"
    }

    package var description: String { "\(isEncrypted ? "https" : "http")://\(authority)\(path)" }

    /// The last part of the path, without a query; empty where it ends in a slash.
    package var fileName: String {
        let path = path.prefix { $0 != "?" }
        return String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
    }

    /// RFC 3986 section 2, less what is read in more than one way.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x21...0x7e).contains(byte) && !"\"<>\\^`{|}#@".utf8.contains(byte)
    }

    private static func port(_ text: Substring) throws(SourceAddressError) -> Int {
        guard let port = UInt16(text), port > 0, text.utf8.first != UInt8(ascii: "+") else {
            throw .badPort
        }
        return Int(port)
    }

    /// Labels of letters, digits and hyphens (RFC 1123).
    ///
    /// One that ends in a number must be an IPv4 address of four plain numbers: resolvers take
    /// `127.1` and `0x7f000001` for addresses, too.
    private static func isHost(_ host: String) -> Bool {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-")
                && label.utf8.allSatisfy {
                    (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
                }
        }
        guard areLabels, host.utf8.count <= 253, let last = labels.last else { return false }
        guard last.utf8.first.map({ (0x30...0x39).contains($0) }) ?? false else { return true }
        return labels.count == 4
            && labels.allSatisfy { label in UInt8(label).map { String($0) == label } ?? false }
    }
}

/// Why a text is no address to download from.
package enum SourceAddressError: Error, Equatable, Sendable, CustomStringConvertible {
    case tooLong, badCharacter, otherScheme, badHost, badPort, noPath

    package var description: String {
        switch self {
        case .tooLong: "a URL has at most \(SourceAddress.maximumSizeBytes) bytes"
        case .badCharacter:
            "a URL holds printable ASCII only, without user names, fragments, quotes or backslashes"
        case .otherScheme: "a URL begins with https:// or http://"
        case .badHost: "the URL's host is neither a name nor an IPv4 address"
        case .badPort: "the URL's port is not within 1 to 65535"
        case .noPath: "the URL names no path"
        }
    }
}
