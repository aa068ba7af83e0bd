import Sample
import Testing

/// Large enough for every feature to turn up, small enough for a debug build.
private let scale = 0.0005

/// Every table's text, made once for all tests.
private let texts = Result<[SampleTable: [UInt8]], any Error> {
    var texts: [SampleTable: [UInt8]] = [:]
    for table in SampleTable.allCases {
        texts[table] = try sampleText(of: table, scale: scale, seed: 1)
    }
    return texts
}

private func text(of table: SampleTable) throws -> [UInt8] {
    try #require(texts.get()[table])
}

private func lines(of table: SampleTable) throws -> [[UInt8]] {
    try text(of: table).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .dropLast().map(Array.init)
}

private func fields(_ line: [UInt8]) -> [String] {
    line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
}

@Suite("The sample's text")
struct SampleTextTests {
    @Test(
        "the same scale and seed give the same bytes, another seed others",
        arguments: SampleTable.allCases
    )
    func isDeterministic(_ table: SampleTable) throws {
        let text = try sampleText(of: table, scale: 0.00001, seed: 7)
        let isSame = try sampleText(of: table, scale: 0.00001, seed: 7) == text
        let isOther = try sampleText(of: table, scale: 0.00001, seed: 8) != text
        #expect(isSame)
        #expect(isOther)
    }

    @Test("every line is UTF-8 with one field a column", arguments: SampleTable.allCases)
    func linesHaveTheColumnsOfTheHeader(_ table: SampleTable) throws {
        let text = try text(of: table)
        #expect(text.last == UInt8(ascii: "\n"))
        #expect(String(validating: text, as: UTF8.self) != nil)
        let lines = try lines(of: table)
        #expect(fields(lines[0]) == table.columns)
        #expect(lines.allSatisfy { fields($0).count == table.columns.count })
        #expect(lines.count > 100)
    }

    @Test("rows are sorted by identifier and ordering", arguments: SampleTable.allCases)
    func rowsAreSorted(_ table: SampleTable) throws {
        var previous: ([UInt8], Int) = ([], 0)
        for line in try lines(of: table).dropFirst() {
            let row = fields(line)
            let hasOrdering = table.columns[1] == "ordering"
            let key = (Array(row[0].utf8), hasOrdering ? try #require(Int(row[1])) : 0)
            let isAfter =
                key.0 == previous.0
                ? key.1 > previous.1 : previous.0.lexicographicallyPrecedes(key.0)
            #expect(isAfter, "\(key) after \(previous)")
            previous = key
        }
    }

    @Test("from ratings to principals the tables grow as the real ones do")
    func proportionsAreThoseOfTheRealFiles() throws {
        func rows(_ table: SampleTable) throws -> Double { Double(try lines(of: table).count - 1) }
        let titles = try rows(.titleBasics)
        #expect(titles == 5950)
        #expect(try rows(.titleCrew) == titles)
        #expect((0.10...0.17).contains(try rows(.titleRatings) / titles))
        #expect((0.65...0.85).contains(try rows(.titleEpisode) / titles))
        #expect((1.1...1.3).contains(try rows(.nameBasics) / titles))
        #expect((3.5...5.5).contains(try rows(.titleAkas) / titles))
        #expect((7.0...9.0).contains(try rows(.titlePrincipals) / titles))
    }

    @Test(
        "what trips readers up is there",
        arguments: [
            (.titleAkas, "\t\\N\t"), (.titleAkas, "\u{2}"), (.titleAkas, "\""),
            (.titleAkas, "Любовь"), (.titleAkas, "東京物語"), (.titleAkas, "الحب"),
            (.titleAkas, "🎬"), (.titleAkas, "e\u{301}"), (.titleAkas, "\t\t"),
            (.titleAkas, "\tNULL\t"), (.titleAkas, "\t\"\t"), (.titleAkas, "\t\\\t"),
            (.titleCrew, ",nm"), (.nameBasics, "\"Doc\""), (.nameBasics, ",tt"),
            (.titlePrincipals, #"\""#), (.titlePrincipals, #"\\"#), (.titlePrincipals, #"\u00e9"#),
            (.titlePrincipals, "\",\""), (.titlePrincipals, "\t\n"),
        ] as [(SampleTable, String)]
    )
    func hasFeature(_ table: SampleTable, _ feature: String) throws {
        let hasFeature = try text(of: table).contains(Array(feature.utf8))
        #expect(hasFeature)
    }

    @Test("episodes name series of title.basics as their parents")
    func parentsExist() throws {
        let series = Set(
            try lines(of: .titleBasics).map(fields).filter { $0[1] == "tvSeries" }.map { $0[0] }
        )
        let parents = Set(try lines(of: .titleEpisode).dropFirst().map { fields($0)[1] })
        #expect(!parents.isEmpty)
        #expect(parents.isSubset(of: series))
    }

    @Test("both lengths of identifiers occur, so that order as text and as number differ")
    func identifiersHaveSevenAndEightDigits() throws {
        let lengths = Set(try lines(of: .titleBasics).dropFirst().map { fields($0)[0].utf8.count })
        #expect(lengths == [9, 10])
    }

    @Test(
        "a scale out of range is an error that names the range",
        arguments: [0, -1, 2.1, .nan, .infinity]
    )
    func refusesScale(_ scale: Double) {
        #expect {
            try sampleText(of: .titleRatings, scale: scale, seed: 1)
        } throws: { error in
            guard case .scaleOutOfRange? = error as? SampleError else { return false }
            return "\(error)".contains("within 1e-05 and 2.0")
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first else { return true }
        return indices.contains { self[$0] == first && self[$0...].starts(with: needle) }
    }
}
