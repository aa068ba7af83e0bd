import Base

/// How many titles and people a sample has, their identifiers, and the random streams about them.
///
/// Everything about an entity follows from the seed and its ordinal alone, so that two files that
/// speak of one title agree without either having been read.
struct Population: Sendable {
    /// Independent random streams: one a table, and those that several tables share.
    enum Stream: UInt64 {
        case identifier = 1
        case series, titleText, ratings, episode, crew, basics, names, akas, principals
    }

    /// Rows of title.basics and name.basics at scale 1, as in November 2026.
    private static let titlesAtFullScale = 11_900_000.0
    private static let peopleAtFullScale = 14_500_000.0
    /// A series and its episodes stand at this many consecutive ordinals.
    private static let seriesLength = 64
    /// Of 100 runs of that length, those that are a series; gives the real share of episodes.
    private static let seriesPercent = 78
    /// Enough that even the smallest sample has a series.
    private static let fewestEntities = 2 * seriesLength

    let seed: UInt64
    let titles: Int
    let people: Int

    init(scale: Double, seed: UInt64) throws(SampleError) {
        guard sampleScales.contains(scale) else { throw .scaleOutOfRange(scale) }
        self.seed = seed
        titles = max(Self.fewestEntities, Int(Self.titlesAtFullScale * scale))
        people = max(Self.fewestEntities, Int(Self.peopleAtFullScale * scale))
    }

    /// A generator of its own for one stream and entity.
    func generator(_ stream: Stream, _ ordinal: Int) -> SeededGenerator {
        // An odd multiplier keeps distinct ordinals apart; the generator itself does the mixing.
        let mixed = UInt64(ordinal) &* 0xD134_2543_DE82_EF95
        return SeededGenerator(
            seed: (seed &* 0xA076_1D64_78BD_642F) ^ mixed ^ stream.rawValue << 56
        )
    }

    /// The number in the identifier of a title; identifiers ascend with ordinals, as text.
    func titleNumber(_ ordinal: Int) -> Int { number(ordinal, of: titles) }

    /// The number in the identifier of a person; identifiers ascend with ordinals, as text.
    func personNumber(_ ordinal: Int) -> Int { number(ordinal, of: people) }

    /// The series a title is an episode of, and its place in it; nil for all other titles.
    func episode(_ ordinal: Int) -> (parent: Int, index: Int)? {
        let (run, index) = ordinal.quotientAndRemainder(dividingBy: Self.seriesLength)
        return index > 0 && isSeriesRun(run) ? (run * Self.seriesLength, index) : nil
    }

    func isSeries(_ ordinal: Int) -> Bool {
        let (run, index) = ordinal.quotientAndRemainder(dividingBy: Self.seriesLength)
        return index == 0 && isSeriesRun(run)
    }

    private func isSeriesRun(_ run: Int) -> Bool {
        var random = generator(.series, run)
        return run == 0 || random.below(100) < Self.seriesPercent
    }

    /// Spreads ordinals over all identifiers in text order, with random gaps.
    private func number(_ ordinal: Int, of count: Int) -> Int {
        let stride = Self.identifiers / count
        var random = generator(.identifier, ordinal)
        return Self.number(atTextPosition: 1 + ordinal * stride + random.below(stride))
    }

    /// Identifiers of seven digits, and of eight below 40,000,000: 1 + 33 + 6 million.
    private static let identifiers = 40_000_000 - 1

    /// The identifier at a place of the text order.
    ///
    /// The real files are sorted as text: tt1000000 comes before tt10000000 to tt10000009, and
    /// those before tt1000001. So each seven-digit number from 1,000,000 to 3,999,999 is followed by
    /// its ten extensions, and the others stand alone.
    static func number(atTextPosition position: Int) -> Int {
        let (first, last) = (1_000_000, 4_000_000)
        guard position >= first else { return position }
        let (offset, digit) = (position - first).quotientAndRemainder(dividingBy: 11)
        let stem = first + offset
        guard stem < last else { return position - 10 * (last - first) }
        return digit == 0 ? stem : stem * 10 + digit - 1
    }
}

extension SeededGenerator {
    /// A number from 0 to `bound` - 1; the bias of the multiplication does not matter here.
    mutating func below(_ bound: Int) -> Int {
        Int(((next() >> 32) * UInt64(bound)) >> 32)
    }

    /// Like `below`, but low numbers come far more often, as popular things do.
    mutating func skewedBelow(_ bound: Int) -> Int {
        below(below(below(bound) + 1) + 1)
    }

    mutating func chance(perMille: Int) -> Bool { below(1000) < perMille }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
