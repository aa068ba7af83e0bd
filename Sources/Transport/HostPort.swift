import Glibc

/// A host and a TCP port as people write them: `127.0.0.1:7077`, `[::1]:7077`, `example:7077`.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// A name or a numeric address, without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Nil unless `text` is a host, a colon and a decimal port; IPv6 addresses need brackets.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...].utf8
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(String(decoding: digits, as: UTF8.self))
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard NumericAddress(String(host)) == .version6 else { return nil }
        } else if host.contains(where: { $0 == ":" || $0 == "[" || $0 == "]" || $0 == "/" }) {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this host can reach the address: 127.0.0.0/8, ::1 or `localhost`.
    ///
    /// Names are not resolved; any other name is taken for a foreign one.
    package var isLoopback: Bool {
        switch NumericAddress(host) {
        case .version4: host.hasPrefix("127.")
        case .version6: host == "::1"
        case nil: host == "localhost"
        }
    }

    /// Where this host reaches what listens on the address: loopback for all of its addresses.
    package var fromThisHost: HostPort {
        switch host {
        case "0.0.0.0": HostPort(host: "127.0.0.1", port: port)
        case "::": HostPort(host: "::1", port: port)
        default: self
        }
    }

    /// Whether connecting needs no name service.
    var isNumeric: Bool { NumericAddress(host) != nil }
}

/// Which kind of numeric address a text is, judged by the C library.
private enum NumericAddress {
    case version4, version6

    init?(_ text: String) {
        var address = in6_addr()
        if inet_pton(AF_INET, text, &address) == 1 {
            self = .version4
        } else if inet_pton(AF_INET6, text, &address) == 1 {
            self = .version6
        } else {
            return nil
        }
    }
}
