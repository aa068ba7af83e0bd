import Base
import Storage

/// A folder that holds who somebody is.
///
/// | file | mode | of | |
/// |---|---|---|---|
/// | `ca.pem` | 0644 | all | the authority's certificate, by which the other side is judged |
/// | `ca.key` | 0600 | coordinator | the authority's key |
/// | `coordinator.pem` | 0600 | coordinator | its key and certificate |
/// | `token` | 0600 | coordinator | the token of the HTTP API |
/// | `worker.pem` | 0600 | worker | its key and certificate |
/// | `joined` | 0644 | worker | the SHA-256 of the join token that it was exchanged for |
///
/// Key and certificate share a file, so that both are replaced at once. All calls block.
package struct IdentityFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    private var authorityFile: String { path + "/ca.pem" }
    private var authorityKeyFile: String { path + "/ca.key" }
    package var tokenFile: String { path + "/token" }
    private var exchangeFile: String { path + "/joined" }

    private func file(of role: Subject.Role) -> String { "\(path)/\(role.rawValue).pem" }

    // MARK: Reading

    package func authorityCertificate() throws(IdentityError) -> Certificate {
        try Certificate(file: authorityFile)
    }

    package func authority() throws(IdentityError) -> CertificateAuthority {
        let key = try PrivateKey(pem: Self.secret(authorityKeyFile), source: authorityKeyFile)
        return try CertificateAuthority(certificate: try authorityCertificate(), key: key)
    }

    package func credentials(of role: Subject.Role) throws(IdentityError) -> Credentials {
        let file = file(of: role)
        let credentials = try Credentials(
            key: PrivateKey(pem: try Self.secret(file), source: file),
            certificate: Certificate(file: file),
            authority: try authorityCertificate()
        )
        guard credentials.subject.role == role else {
            throw .mismatch("\(file) is of \(credentials.subject), a \(role.rawValue)'s is needed")
        }
        return credentials
    }

    package func has(_ role: Subject.Role) -> Bool { Directory.exists(path: file(of: role)) }

    /// A token as it stands in a file, without the line's end.
    package static func token(inFile path: String) throws(IdentityError) -> Secret {
        let bytes = try secret(path).withBytes { $0.filter { $0 > 0x20 } }
        guard !bytes.isEmpty else { throw .notReadable(what: "token", source: path) }
        return Secret(bytes)
    }

    /// Whether the identity here was made for this token.
    package func hasExchanged(_ token: Secret) -> Bool {
        FileText.read(exchangeFile) == Self.note(of: token)
    }

    // MARK: Writing

    /// Notes which token the identity is made for, before it is saved: a token is good once.
    package func noteExchange(of token: Secret) throws(IdentityError) {
        try makeFolder()
        let note = Secret(Array(Self.note(of: token).utf8))
        try Self.write(exchangeFile, note, isPrivate: false)
    }

    private static func note(of token: Secret) -> String {
        hexadecimal(TokenHash(of: token).bytes) + "\n"
    }

    /// Makes what a cluster needs, in a folder that has none of it.
    package func create(
        _ authority: CertificateAuthority,
        _ coordinator: Credentials,
        token: Secret
    ) throws(IdentityError) {
        for file in [authorityFile, authorityKeyFile, file(of: .coordinator), tokenFile]
        where Directory.exists(path: file) {
            throw .mismatch(
                "\(file) is there already, and nothing is overwritten; every machine that joined "
                    + "trusts it. Choose another folder, or move it away"
            )
        }
        try makeFolder()
        try authority.withKey { key throws(IdentityError) in
            try Self.write(authorityKeyFile, key, isPrivate: true)
        }
        try save(coordinator)
        try Self.write(tokenFile, token.line, isPrivate: true)
    }

    /// Writes key, certificate and authority; those before are replaced.
    package func save(_ credentials: Credentials) throws(IdentityError) {
        try makeFolder()
        let authority = Secret(Array(credentials.authority.pem.utf8))
        try Self.write(authorityFile, authority, isPrivate: false)
        let certificate = Array(credentials.certificate.pem.utf8)
        let both = credentials.key.pem.withBytes { Secret($0 + certificate) }
        try Self.write(file(of: credentials.subject.role), both, isPrivate: true)
    }

    private func makeFolder() throws(IdentityError) {
        do throws(StorageError) {
            try Directory.create(path: path)
        } catch {
            throw IdentityError(error)
        }
    }

    /// Writes a file whole or not at all, and durably; a private one is its owner's alone throughout.
    package static func write(
        _ path: String,
        _ content: Secret,
        isPrivate: Bool
    ) throws(IdentityError) {
        do throws(StorageError) {
            try content.withBytes { (bytes) throws(StorageError) in
                try File.replace(
                    path: path,
                    with: bytes,
                    through: path + ".tmp",
                    isPrivate: isPrivate
                )
            }
        } catch {
            throw IdentityError(error)
        }
    }

    // MARK: Files

    /// Far above any key or chain, so that a wrong file is not read to its end.
    private static let fileBytes = 64 << 10

    fileprivate static func secret(_ path: String) throws(IdentityError) -> Secret {
        do throws(StorageError) {
            return Secret(try File.open(readingFrom: path).read(fileBytes, at: 0))
        } catch {
            throw IdentityError(error)
        }
    }
}

extension Certificate {
    /// The first certificate of a file.
    package convenience init(file path: String) throws(IdentityError) {
        let text = try IdentityFolder.secret(path).withBytes { String(decoding: $0, as: UTF8.self) }
        try self.init(pem: text, source: path)
    }
}

extension Secret {
    /// The secret as the only line of a file.
    fileprivate var line: Secret { withBytes { Secret($0 + [UInt8(ascii: "\n")]) } }
}
