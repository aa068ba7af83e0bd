import Base
import Identity
import Testing

@Suite("The cluster's authority says who is who")
struct CertificateTests {
    @Test("a certificate holds its subject, its term and a serial of its own")
    func content() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: day)
        let one = try authority.credentials(at: day, lifetime: .seconds(86_400)).certificate
        let other = try authority.credentials(at: day).certificate
        #expect(one.subject == workerSubject)
        #expect(one.hosts == [])
        #expect(one.validUntil == day + .seconds(86_400))
        #expect(one.validFrom < day, "clocks differ a little")
        #expect(one.serial.count == 32)
        #expect(one.serial != other.serial)
        #expect(one.fingerprint.count == 32)
    }

    @Test("the text of a certificate leads back to it")
    func text() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: day)
        let read = try Certificate(pem: authority.certificate.pem, source: "test")
        #expect(read.fingerprint == authority.certificate.fingerprint)
    }

    @Test("the coordinator's certificate names the hosts that it is reached by")
    func hosts() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: day)
        let hosts = ["coordinator.example", "10.1.2.3", "::1"]
        let coordinator = try authority.makeCoordinator(name: "ott", hosts: hosts, at: day)
        #expect(coordinator.subject == .coordinator(name: "ott"))
        #expect(coordinator.certificate.hosts == hosts)
    }

    @Test(
        "what is no host gets into no certificate",
        arguments: ["", "a,URI:otcluster:operator/x", "a b", "-x", "a/b", "ä.example", "a\nb"]
    )
    func badHosts(host: String) throws {
        let authority = try CertificateAuthority(cluster: "ott", at: day)
        #expect(throws: IdentityError.self) {
            try authority.makeCoordinator(name: "ott", hosts: [host], at: day)
        }
    }

    @Test("a certificate leads to its own authority, as long as it is valid")
    func verification() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: present)
        let other = try CertificateAuthority(cluster: "ott", at: present)
        let good = try authority.credentials()
        #expect(authority.certificate.complaint(about: good.certificate) == nil)
        #expect(other.certificate.complaint(about: good.certificate) != nil)
        let late = try authority.credentials(lifetime: .seconds(-60))
        let complaint = authority.certificate.complaint(about: late.certificate)
        #expect(complaint == "certificate has expired")
    }

    @Test("a worker's certificate certifies nobody")
    func noChain() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: present)
        let worker = try authority.credentials()
        let usurper = try CertificateAuthority(certificate: worker.certificate, key: worker.key)
        let forged = try usurper.credentials(.operator(name: "root"))
        #expect(authority.certificate.complaint(about: forged.certificate) != nil)
        #expect(worker.certificate.complaint(about: forged.certificate) != nil)
    }

    @Test("a request that its own key has not signed is refused")
    func requests() throws {
        let request = CertificateRequest(for: PrivateKey())
        #expect(throws: Never.self) { try CertificateRequest(pem: request.pem) }
        var lines = request.pem.split(separator: "\n").map(String.init)
        // The last full line is within the signature.
        lines[lines.count - 2] = String(lines[lines.count - 2].reversed())
        #expect(throws: IdentityError.self) {
            try CertificateRequest(pem: lines.joined(separator: "\n"))
        }
        #expect(throws: IdentityError.self) { try CertificateRequest(pem: "garbage") }
    }

    @Test("key, certificate and authority of different origins do not make credentials")
    func mismatches() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: present)
        let other = try CertificateAuthority(cluster: "ott", at: present)
        let good = try authority.credentials()
        #expect(throws: IdentityError.self) {
            try Credentials(
                key: PrivateKey(),
                certificate: good.certificate,
                authority: authority.certificate
            )
        }
        #expect(throws: IdentityError.self) {
            try Credentials(
                key: good.key,
                certificate: good.certificate,
                authority: other.certificate
            )
        }
    }
}
