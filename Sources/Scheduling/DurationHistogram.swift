/// How long things took, in classes a quarter of an octave wide: enough for a median to judge by.
///
/// Adding costs O(1), whatever the number of durations; a class is at most a quarter wider than
/// its lower bound.
struct DurationHistogram: Sendable {
    private static let classesPerOctave = 4
    private var classes: [Int] = []
    private(set) var count = 0

    mutating func add(_ duration: Duration) {
        let index = Self.index(of: duration.microseconds)
        if index >= classes.count {
            classes += Array(repeating: 0, count: index + 1 - classes.count)
        }
        classes[index] += 1
        count += 1
    }

    /// The upper bound of the class that the median is in; nil when there is nothing.
    var median: Duration? {
        guard count > 0 else { return nil }
        var seen = 0
        for (index, number) in classes.enumerated() {
            seen += number
            if 2 * seen >= count { return .microseconds(Self.lowerBound(of: index + 1)) }
        }
        return nil
    }

    /// Classes begin at 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 and so on; the first is everything below.
    private static func index(of microseconds: Int64) -> Int {
        guard microseconds >= 4 else { return 0 }
        let octave = Int64.bitWidth - 1 - microseconds.leadingZeroBitCount
        let quarter = Int(microseconds >> (octave - 2)) & 3
        return (octave - 2) * classesPerOctave + quarter + 1
    }

    private static func lowerBound(of index: Int) -> Int64 {
        guard index > 0 else { return 0 }
        let (octave, quarter) = (index - 1).quotientAndRemainder(dividingBy: classesPerOctave)
        return Int64(4 + quarter) << octave
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
