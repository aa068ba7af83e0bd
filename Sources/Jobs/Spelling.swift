/// Finds what a user may have meant by a name that does not exist.
enum Spelling {
    /// Those of `candidates` that differ from `word` by little, nearest first, at most three.
    static func near(_ word: String, in candidates: some Sequence<String>) -> [String] {
        // Names are at most 63 bytes; longer words are not worth a quadratic comparison.
        guard word.utf8.count <= 64 else { return [] }
        let allowed = max(1, min(3, word.utf8.count / 3))
        return candidates.map { (distance(word, $0), $0) }
            .filter { $0.0 <= allowed }
            .sorted { $0 < $1 }
            .prefix(3)
            .map(\.1)
    }

    /// A half sentence for messages: `did you mean 'workers'? ` or nothing.
    static func suggestion(for word: String, in candidates: some Sequence<String>) -> String {
        near(word, in: candidates).first.map { "did you mean '\($0)'? " } ?? ""
    }

    /// `'a', 'b', 'c'`.
    static func list(_ words: some Sequence<String>) -> String {
        words.map { "'\($0)'" }.joined(separator: ", ")
    }

    /// The number of bytes inserted, deleted, replaced or swapped with their neighbour.
    ///
    /// Optimal string alignment (Damerau 1964): swapped letters, the commonest slip, count once.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let isSame = left[row] == right[column]
                var least = min(
                    previous[column] + (isSame ? 0 : 1),
                    previous[column + 1] + 1,
                    current[column] + 1
                )
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    least = min(least, beforePrevious[column - 1] + 1)
                }
                current.append(least)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
