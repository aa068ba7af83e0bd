import Base
import Identity
import Testing

@Suite("Tokens are kept as hashes")
struct TokenTests {
    @Test("two tokens differ, and have 64 digits")
    func fresh() {
        let (one, other) = (Token.make(), Token.make())
        #expect(!one.equals(other))
        one.withBytes { #expect($0.count == 64) }
    }

    @Test("a hash matches its token alone")
    func hash() {
        let token = Token.make()
        #expect(TokenHash(of: token).matches(token))
        #expect(TokenHash(bytes: TokenHash(of: token).bytes).matches(token))
        #expect(!TokenHash(of: token).matches(Token.make()))
        #expect(!TokenHash(of: token).matches(Secret([])))
        #expect(!TokenHash(bytes: []).matches(token))
    }

    @Test("a join token's text leads back to it")
    func joinToken() throws {
        let authority = try CertificateAuthority(cluster: "ott", at: day).certificate
        let token = JoinToken(port: 8443, authority: authority, secret: Token.make())
        let read = try #require(JoinToken(token.text))
        #expect(read.port == 8443)
        #expect(read.fingerprint == authority.fingerprint)
        #expect(read.secret.equals(token.secret))
    }

    @Test(
        "a text of another form is no join token",
        arguments: ["", "otj1", "otj1.1.2.3", "otj2", "otj1.0", "otj1.70000", "otj1.8080.zz"]
    )
    func badJoinToken(start: String) {
        let digits = String(repeating: "0", count: 64)
        #expect(JoinToken(Secret(Array(start.utf8))) == nil)
        let text = start.hasPrefix("otj1.") ? start : "x\(start)"
        #expect(JoinToken(Secret(Array("\(text).\(digits)".utf8))) == nil)
        #expect(JoinToken(Secret(Array("\(text).\(digits).".utf8))) == nil)
    }
}
