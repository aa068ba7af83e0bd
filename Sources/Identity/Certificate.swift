package import Base
import COpenSSL
import Glibc
import Storage

/// An X.509 certificate.
///
/// `@unchecked Sendable`: OpenSSL only reads it after it was made.
package final class Certificate: @unchecked Sendable {
    /// OpenSSL's `X509`, for TLS contexts.
    package let pointer: OpaquePointer

    /// Takes over a reference.
    package init(takingOver pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }

    /// The first certificate of a text; `source` names where it comes from, for errors.
    package convenience init(pem: String, source: String) throws(IdentityError) {
        let pointer = PEM.read(pem) { PEM_read_bio_X509($0, nil, noPassword, nil) }
        guard let pointer else { throw .notReadable(what: "certificate", source: source) }
        self.init(takingOver: pointer)
    }

    package var pem: String {
        String(decoding: PEM.write { PEM_write_bio_X509($0, pointer) }, as: UTF8.self)
    }

    /// All certificates of a text, whatever else stands between them.
    static func all(pem: String) -> [Certificate] {
        PEM.read(pem) { reader in
            var certificates: [Certificate] = []
            while let pointer = PEM_read_bio_X509(reader, nil, noPassword, nil) {
                certificates.append(Certificate(takingOver: pointer))
            }
            return certificates
        }
    }

    /// SHA-256 of its encoding.
    package var fingerprint: [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(pointer, &bytes)
        precondition(count > 0, "OpenSSL cannot encode a certificate")
        defer { CRYPTO_free(bytes, #file, #line) }
        return Digest.sha256(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }

    /// In hexadecimal; unique for its authority.
    package var serial: String {
        let number = X509_get0_serialNumber(pointer)
        let count = Int(ASN1_STRING_length(number))
        let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(number), count: count)
        return hexadecimal(bytes)
    }

    package var validFrom: WallTime { Self.time(X509_get0_notBefore(pointer)) }
    package var validUntil: WallTime { Self.time(X509_get0_notAfter(pointer)) }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> WallTime {
        var fields = tm()
        // What cannot be read lies in the past: such a certificate is never valid.
        guard ASN1_TIME_to_tm(time, &fields) == 1 else { return WallTime(microseconds: 0) }
        return WallTime(microseconds: Int64(timegm(&fields)) * 1_000_000)
    }

    /// Whom it stands for; nil when it names nobody, or more than one.
    package var subject: Subject? {
        let subjects = alternativeNames.filter { $0.type == GEN_URI }.map { Subject(uri: $0.text) }
        return subjects.count == 1 ? subjects[0] : nil
    }

    /// The host names and addresses of a server's certificate.
    package var hosts: [String] {
        alternativeNames.filter { $0.type != GEN_URI }.map(\.text)
    }

    private var alternativeNames: [(type: Int32, text: String)] {
        guard let list = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else {
            return []
        }
        let names = OpaquePointer(list)
        defer { GENERAL_NAMES_free(names) }
        return (0..<OPENSSL_sk_num(names)).compactMap { index in
            guard
                let name = OPENSSL_sk_value(names, index)?
                    .assumingMemoryBound(to: GENERAL_NAME.self)
            else { return nil }
            var type: Int32 = 0
            let value = GENERAL_NAME_get0_value(name, &type)?
                .assumingMemoryBound(to: ASN1_STRING.self)
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(value),
                count: Int(ASN1_STRING_length(value))
            )
            switch type {
            case GEN_URI, GEN_DNS: return (type, String(decoding: bytes, as: UTF8.self))
            case GEN_IPADD: return numericAddress(bytes).map { (type, $0) }
            default: return nil
            }
        }
    }

    private func numericAddress(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard bytes.count == 4 || bytes.count == 16,
            inet_ntop(family, bytes.baseAddress, &text, socklen_t(text.count)) != nil
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Why `certificate` does not lead to this authority now; nil when it does.
    package func complaint(about certificate: Certificate) -> String? {
        guard let store = X509_STORE_new(), let context = X509_STORE_CTX_new() else {
            preconditionFailure("no memory to verify a certificate")
        }
        defer {
            X509_STORE_CTX_free(context)
            X509_STORE_free(store)
            ERR_clear_error()
        }
        X509_STORE_add_cert(store, pointer)
        X509_STORE_CTX_init(context, store, certificate.pointer, nil)
        guard X509_verify_cert(context) != 1 else { return nil }
        let code = X509_STORE_CTX_get_error(context)
        return X509_verify_cert_error_string(Int(code)).map { String(cString: $0) }
            ?? "error \(code)"
    }
}
