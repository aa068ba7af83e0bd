import Base
import Storage
import Testing

@Suite("A digest")
struct DigestTests {
    @Test(
        "is that of the standards' examples",
        arguments: [
            // FIPS 180-4 and RFC 1321, appendix A.5.
            (
                Digest.Algorithm.sha256, "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ),
            (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (.md5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ]
    )
    func examples(algorithm: Digest.Algorithm, text: String, expected: String) {
        let digest = Digest(algorithm)
        Array(text.utf8).withUnsafeBytes { digest.update($0) }
        #expect(hexadecimal(digest.finish()) == expected)
    }

    @Test("does not depend on how the bytes were cut")
    func pieces() {
        var generator = SeededGenerator(seed: 7)
        let bytes = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let digest = Digest(.sha256)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...700, using: &generator))
            piece.withUnsafeBytes { digest.update($0) }
            rest = rest.dropFirst(piece.count)
        }
        #expect(digest.finish() == Digest.sha256(bytes))
    }
}
