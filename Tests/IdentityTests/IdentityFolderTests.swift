import Base
import Identity
import Storage
import TestSupport
import Testing

@Suite("A folder keeps who somebody is")
struct IdentityFolderTests {
    private func create(_ path: String) throws -> (CertificateAuthority, Secret) {
        let authority = try CertificateAuthority(cluster: "ott", at: present)
        let coordinator = try authority.makeCoordinator(name: "ott", hosts: ["a.b"], at: present)
        let token = Token.make()
        try Directory.create(path: path)
        try IdentityFolder(path).create(authority, coordinator, token: token)
        return (authority, token)
    }

    @Test("what was created is read back, and secrets are their owner's alone")
    func creating() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/security"
            let (authority, token) = try create(path)
            let read = IdentityFolder(path)
            #expect(
                try read.authority().certificate.fingerprint == authority.certificate.fingerprint
            )
            #expect(try read.credentials(of: .coordinator).certificate.hosts == ["a.b"])
            #expect(try IdentityFolder.token(inFile: read.tokenFile).equals(token))
            for name in ["ca.key", "coordinator.pem", "token"] {
                #expect(permissions(of: path + "/" + name) == 0o600, "\(name)")
            }
            #expect(permissions(of: path + "/ca.pem") == 0o644)
            let names = ["ca.key", "ca.pem", "coordinator.pem", "token"]
            #expect(try Directory.list(path: path) == names)
        }
    }

    @Test("which token an identity was made for is noted, as its hash")
    func exchange() throws {
        try withTemporaryFolder { folder in
            let (token, other) = (Token.make(), Token.make())
            let identity = IdentityFolder(folder + "/worker")
            #expect(!identity.hasExchanged(token))
            try identity.noteExchange(of: token)
            #expect(identity.hasExchanged(token))
            #expect(!identity.hasExchanged(other))
            try identity.noteExchange(of: other)
            #expect(!identity.hasExchanged(token))
            let note = FileText.read(folder + "/worker/joined") ?? ""
            other.withBytes { #expect(!note.contains(String(decoding: $0, as: UTF8.self))) }
        }
    }

    @Test("credentials are the same after they went through a text")
    func text() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: present)
        let credentials = try authority.credentials()
        let read = try Credentials(text: credentials.text, source: "test")
        #expect(read.subject == workerSubject)
        #expect(read.certificate.fingerprint == credentials.certificate.fingerprint)
        #expect(read.authority.fingerprint == authority.certificate.fingerprint)
        // With room to spare it fits into a pipe.
        credentials.text.withBytes { #expect($0.count < 3000) }
        let halves = [
            Secret([]), credentials.key.pem, Secret(Array(authority.certificate.pem.utf8)),
        ]
        for half in halves {
            #expect(throws: IdentityError.self) { try Credentials(text: half, source: "test") }
        }
    }

    @Test("a folder that holds an authority is not overwritten")
    func overwriting() throws {
        try withTemporaryFolder { folder in
            let (authority, _) = try create(folder)
            #expect(throws: IdentityError.self) { _ = try create(folder) }
            let kept = try IdentityFolder(folder).authority().certificate
            #expect(kept.fingerprint == authority.certificate.fingerprint)
        }
    }

    @Test("a worker's new certificate replaces the old one with its key")
    func saving() throws {
        try withTemporaryFolder { path in
            let authority = try CertificateAuthority(cluster: "ott", at: present)
            let folder = IdentityFolder(path)
            #expect(!folder.has(.worker))
            try folder.save(try authority.credentials())
            let second = try authority.credentials()
            try folder.save(second)
            #expect(folder.has(.worker))
            let read = try folder.credentials(of: .worker)
            #expect(read.certificate.serial == second.certificate.serial)
            #expect(permissions(of: path + "/worker.pem") == 0o600)
        }
    }

    @Test("credentials of another role are refused, and so are damaged files")
    func damage() throws {
        try withTemporaryFolder { path in
            let authority = try CertificateAuthority(cluster: "ott", at: present)
            let folder = IdentityFolder(path)
            try folder.save(try authority.credentials())
            try Directory.rename(from: path + "/worker.pem", to: path + "/coordinator.pem")
            #expect(throws: IdentityError.self) { try folder.credentials(of: .coordinator) }
            let garbage = Secret(Array("garbage".utf8))
            try IdentityFolder.write(path + "/worker.pem", garbage, isPrivate: true)
            #expect(throws: IdentityError.self) { try folder.credentials(of: .worker) }
            #expect(throws: IdentityError.self) { try folder.authority() }
        }
    }
}
