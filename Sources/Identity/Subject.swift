package import Base

/// Whom a certificate stands for.
///
/// Written into the certificate as a URI, of which it holds exactly one:
///
/// ```
/// otcluster:coordinator/NAME   otcluster:worker/POOL/NAME   otcluster:operator/NAME
/// ```
package enum Subject: Hashable, Sendable {
    case coordinator(name: String)
    case worker(pool: PoolID, name: String)
    case `operator`(name: String)

    package enum Role: String, Sendable, CaseIterable { case coordinator, worker, `operator` }

    private static let scheme = "otcluster:"

    package var role: Role {
        switch self {
        case .coordinator: .coordinator
        case .worker: .worker
        case .operator: .operator
        }
    }

    package var name: String {
        switch self {
        case .coordinator(let name), .worker(_, let name), .operator(let name): name
        }
    }

    /// Nil unless `uri` is one of the forms above, with valid names in it.
    package init?(uri: String) {
        guard uri.hasPrefix(Self.scheme) else { return nil }
        let parts = uri.dropFirst(Self.scheme.count)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.dropFirst().allSatisfy(Self.isValidName),
            let role = parts.first.flatMap(Role.init)
        else { return nil }
        switch (role, parts.count) {
        case (.coordinator, 2): self = .coordinator(name: parts[1])
        case (.worker, 3): self = .worker(pool: PoolID(parts[1]), name: parts[2])
        case (.operator, 2): self = .operator(name: parts[1])
        default: return nil
        }
    }

    package var uri: String {
        switch self {
        case .coordinator(let name), .operator(let name): "\(Self.scheme)\(role.rawValue)/\(name)"
        case .worker(let pool, let name): "\(Self.scheme)worker/\(pool)/\(name)"
        }
    }

    /// What pools and bearers of certificates may be called: 1 to 63 of `a-z`, `0-9`, `_` and `-`,
    /// the first of them no `-`.
    package static func isValidName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-") else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}

extension Subject: CustomStringConvertible {
    package var description: String {
        switch self {
        case .coordinator(let name): "coordinator \(name)"
        case .worker(let pool, let name): "worker \(name) of pool \(pool)"
        case .operator(let name): "operator \(name)"
        }
    }
}
