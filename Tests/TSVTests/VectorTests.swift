import Base
import Testing

@testable import TSV

/// Every instruction set against plain loops.
@Suite("Vector functions")
struct VectorTests {
    @Test("the scanner finds every tab and newline, and nothing behind the end", arguments: levels)
    func scanner(level: VectorLevel) {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<400 {
            let size = Int.random(in: 0...300, using: &generator)
            let density = [2, 8, 40][round % 3]
            let text: [UInt8] = (0..<size + Limits.textSlackBytes).map { _ in
                let draw = Int.random(in: 0..<density, using: &generator)
                return draw == 0 ? 9 : draw == 1 ? 10 : UInt8.random(in: 0...255, using: &generator)
            }
            let expected = (0..<size).filter { text[$0] == 9 || text[$0] == 10 }
            var positions = [UInt32](repeating: 0, count: size + Limits.textSlackBytes)
            let found = level.scan(text, size, from: 1000, into: &positions)
            #expect(
                positions[..<found.delimiters].elementsEqual(expected.map { UInt32($0 + 1000) })
            )
            #expect(found.newlines == expected.count { text[$0] == 10 })
        }
    }

    @Test("random bytes near to UTF-8 are judged as the standard library does", arguments: levels)
    func validator(level: VectorLevel) {
        var generator = SeededGenerator(seed: 5)
        let edges: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
            0xEC,
            0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF,
        ]
        var validCount = 0
        for round in 0..<4_000 {
            var text: [UInt8] = []
            let size = Int.random(in: 0...150, using: &generator)
            while text.count < size {
                let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator))
                let isASCII = Bool.random(using: &generator)
                text += isASCII ? [97, 98, 99] : scalar.map { Array(String($0).utf8) } ?? []
            }
            if round % 3 != 0, !text.isEmpty {
                let index = Int.random(in: text.indices, using: &generator)
                text[index] = edges[Int.random(in: edges.indices, using: &generator)]
            }
            if round % 5 == 0 { text.removeLast(min(text.count, 1)) }
            let isValid = String(validating: text, as: UTF8.self) != nil
            validCount += isValid ? 1 : 0
            #expect(text.withUnsafeBytes { level.isUTF8($0) } == isValid, "\(text)")
            let prefix = text.withUnsafeBytes { wellFormedPrefix($0) }
            #expect(prefix == Reference.wellFormed(text), "\(text)")
        }
        #expect((500...3_500).contains(validCount))
    }

    @Test(
        "every pair and triple of edge bytes is judged right, wherever it stands",
        arguments: levels
    )
    func edges(level: VectorLevel) {
        let edges: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
            0xEF,
            0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
        ]
        var wrong: [[UInt8]] = []
        for first in edges {
            for second in edges {
                for third in edges {
                    let bytes = [first, second, third, 0x80]
                    let isValid = String(validating: bytes, as: UTF8.self) != nil
                    for start in [0, 29, 30, 31, 61, 62, 63] {
                        let text = [UInt8](repeating: 97, count: start) + bytes
                        if text.withUnsafeBytes({ level.isUTF8($0) }) != isValid {
                            wrong.append(text)
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test("a block is cut behind its last newline, or behind the first there is")
    func cuts() {
        let text = Array("ab\ncd\nefghij\n".utf8)
        #expect(lineCut(text, text.count, target: 4) == 3)
        #expect(lineCut(text, text.count, target: 6) == 6)
        #expect(lineCut(text, text.count, target: 1) == 3)
        #expect(lineCut(text, text.count, target: 99) == 13)
    }

    private static let levels = VectorLevel.available
}
