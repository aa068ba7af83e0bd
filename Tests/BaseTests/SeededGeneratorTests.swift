import Base
import Testing

@Suite("SeededGenerator")
struct SeededGeneratorTests {
    @Test("gives SplitMix64's published numbers for the seed 1234567")
    func knownNumbers() {
        var random = SeededGenerator(seed: 1_234_567)
        let numbers = (0..<5).map { _ in random.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ]
        )
    }

    @Test("a copy goes on by itself and gives the same numbers")
    func copies() {
        var first = SeededGenerator(seed: 1)
        var second = first
        #expect((0..<100).map { _ in first.next() } == (0..<100).map { _ in second.next() })
    }
}
