package import Base
import COpenSSL
import Glibc
import Storage

/// The cluster's own authority: its key signs every certificate, and nothing else.
package final class CertificateAuthority: Sendable {
    /// Life of the authority's own certificate.
    ///
    /// Replacing it means joining every worker anew.
    package static let lifetime = Duration.seconds(10 * 365 * 86_400)
    /// Life of the coordinator's certificate, renewed at its starts.
    package static let coordinatorLifetime = Duration.seconds(365 * 86_400)
    /// How far back a certificate is valid, for machines whose clocks are behind; a guess.
    private static let clockSlack = Duration.seconds(300)

    package let certificate: Certificate
    private let key: PrivateKey

    /// A new authority for a cluster.
    package init(cluster: String, at now: WallTime) throws(IdentityError) {
        key = PrivateKey()
        let draft = CertificateDraft(publicKey: key.pointer)
        try draft.setNames(subject: "otcluster \(cluster)", issuer: nil)
        draft.setValidity(from: now - Self.clockSlack, until: now + Self.lifetime)
        // It may sign servers and workers, not further authorities.
        try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try draft.add(NID_subject_key_identifier, "hash")
        certificate = try draft.sign(with: key)
    }

    package init(certificate: Certificate, key: PrivateKey) throws(IdentityError) {
        guard X509_check_private_key(certificate.pointer, key.pointer) == 1 else {
            ERR_clear_error()
            throw .mismatch("ca.key is not the key of ca.pem; restore both from one backup")
        }
        self.certificate = certificate
        self.key = key
    }

    /// Lends the key in PEM form, to be written to a private file.
    func withKey(_ body: (Secret) throws(IdentityError) -> Void) throws(IdentityError) {
        try body(key.pem)
    }

    /// Certifies the key of a request.
    package func certify(
        _ request: CertificateRequest,
        as subject: Subject,
        from start: WallTime,
        until end: WallTime
    ) throws(IdentityError) -> Certificate {
        guard let publicKey = request.publicKey else { throw .badRequest }
        return try certify(publicKey, as: subject, hosts: [], from: start, until: end)
    }

    /// Makes a worker's certificate that holds from now on.
    package func certify(
        _ request: CertificateRequest,
        as subject: Subject,
        at now: WallTime,
        lifetime: Duration
    ) throws(IdentityError) -> Certificate {
        try certify(request, as: subject, from: now - Self.clockSlack, until: now + lifetime)
    }

    /// Makes a coordinator's key and certificate for the hosts that it is reached by.
    package func makeCoordinator(
        name: String,
        hosts: [String],
        at now: WallTime
    ) throws(IdentityError) -> Credentials {
        let key = PrivateKey()
        let certificate = try certify(
            key.pointer,
            as: .coordinator(name: name),
            hosts: hosts,
            from: now - Self.clockSlack,
            until: now + Self.coordinatorLifetime
        )
        return try Credentials(key: key, certificate: certificate, authority: self.certificate)
    }

    private func certify(
        _ publicKey: OpaquePointer,
        as subject: Subject,
        hosts: [String],
        from start: WallTime,
        until end: WallTime
    ) throws(IdentityError) -> Certificate {
        let draft = CertificateDraft(publicKey: publicKey)
        try draft.setNames(subject: subject.description, issuer: certificate)
        draft.setValidity(from: start, until: end)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        let usage = subject.role == .coordinator ? "serverAuth" : "clientAuth"
        try draft.add(NID_ext_key_usage, usage)
        var names = ["URI:\(subject.uri)"]
        for host in hosts { names.append(try Self.alternativeName(of: host)) }
        try draft.add(NID_subject_alt_name, names.joined(separator: ","))
        return try draft.sign(with: key)
    }

    /// What cannot be a host name never gets into OpenSSL's little language.
    private static func alternativeName(of host: String) throws(IdentityError) -> String {
        var address = in6_addr()
        if inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1 {
            return "IP:\(host)"
        }
        let isName =
            (1...253).contains(host.utf8.count) && !host.hasPrefix("-")
            && host.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || "0123456789.-".contains(String(scalar)))
            }
        guard isName else { throw .badHost(host) }
        return "DNS:\(host)"
    }
}

/// A certificate that is not signed yet.
private final class CertificateDraft {
    private let pointer: OpaquePointer
    private var issuer: OpaquePointer?

    init(publicKey: OpaquePointer) {
        guard let pointer = X509_new() else { preconditionFailure("no memory for a certificate") }
        self.pointer = pointer
        // Version 3 is written as 2 (RFC 5280 section 4.1.2.1).
        X509_set_version(pointer, 2)
        X509_set_pubkey(pointer, publicKey)
        setSerial()
    }

    deinit { X509_free(pointer) }

    /// 127 random bits: never twice, and positive as RFC 5280 section 4.1.2.2 wants it.
    private func setSerial() {
        var bytes = randomBytes(16)
        bytes[0] = bytes[0] & 0x7f | 0x40
        let number = BN_bin2bn(bytes, Int32(bytes.count), nil)
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer))
        BN_free(number)
    }

    func setNames(subject: String, issuer: Certificate?) throws(IdentityError) {
        let name = X509_get_subject_name(pointer)
        // RFC 5280: a common name has at most 64 characters; who it is stands in the URI.
        let text = Array(subject.utf8.prefix(64))
        guard
            X509_NAME_add_entry_by_NID(
                name,
                NID_commonName,
                MBSTRING_UTF8,
                text,
                Int32(text.count),
                -1,
                0
            ) == 1
        else {
            throw .refused(
                operation: "name a certificate",
                reason: openSSLReason(takeOpenSSLError())
            )
        }
        self.issuer = issuer?.pointer ?? pointer
        X509_set_issuer_name(pointer, X509_get_subject_name(self.issuer))
    }

    func setValidity(from start: WallTime, until end: WallTime) {
        ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(start.microseconds / 1_000_000))
        ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(end.microseconds / 1_000_000))
    }

    func add(_ kind: Int32, _ value: String) throws(IdentityError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, pointer, nil, nil, 0)
        guard let part = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
            throw .refused(
                operation: "write a certificate",
                reason: openSSLReason(takeOpenSSLError())
            )
        }
        X509_add_ext(pointer, part, -1)
        X509_EXTENSION_free(part)
    }

    func sign(with key: PrivateKey) throws(IdentityError) -> Certificate {
        guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else {
            throw .refused(
                operation: "sign a certificate",
                reason: openSSLReason(takeOpenSSLError())
            )
        }
        X509_up_ref(pointer)
        return Certificate(takingOver: pointer)
    }
}
