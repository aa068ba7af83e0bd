import Base
import Testing

@Suite("Names")
struct NamesTests {
    @Test("a name begins with a small letter", arguments: ["a", "title_akas", "x9", "a__"])
    func valid(_ name: String) {
        #expect(Names.isValid(name))
    }

    @Test(
        "anything else is refused",
        arguments: ["", "A", "9a", "_a", "a-b", "a.b", "a b", "ä", "aä", "a\0", "a/..", "a\n"]
    )
    func invalid(_ name: String) {
        #expect(!Names.isValid(name))
    }

    @Test("63 characters are the most")
    func length() {
        #expect(Names.isValid(String(repeating: "a", count: 63)))
        #expect(!Names.isValid(String(repeating: "a", count: 64)))
    }

    @Test("a hyphenated name has hyphens among its letters, and begins with one all the same")
    func hyphenated() {
        for name in ["a", "zone-a", "a_b-9-"] { #expect(Names.isValidHyphenated(name)) }
        for name in ["", "-a", "9-a", "a.b", "A-b"] { #expect(!Names.isValidHyphenated(name)) }
    }

    @Test("hexadecimal has two small digits a byte")
    func hexadecimalDigits() {
        #expect(hexadecimal([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
        #expect(hexadecimal([]) == "")
    }
}
