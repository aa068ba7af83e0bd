import Base

/// Draws of a simulation; each takes one number of the seed's sequence.
extension SeededGenerator {
    /// True once in so many times.
    mutating func once(in times: Int) -> Bool { Int.random(in: 0..<times, using: &self) == 0 }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .microseconds(
            Int64.random(
                in: Int64(range.lowerBound) * 1000...Int64(range.upperBound) * 1000,
                using: &self
            )
        )
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.randomElement(using: &self)
    }
}

/// The one source of chance of a simulation, shared by all of its parts.
final class Dice {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    func once(in times: Int) -> Bool { generator.once(in: times) }
    func number(_ range: ClosedRange<Int>) -> Int { generator.number(range) }
    func milliseconds(_ range: ClosedRange<Int>) -> Duration { generator.milliseconds(range) }
    func pick<Element>(_ elements: [Element]) -> Element? { generator.pick(elements) }
    func seed() -> UInt64 { generator.next() }
}
