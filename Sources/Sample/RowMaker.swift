import Base

/// Makes the rows that tell of one title or person, table by table.
///
/// Shares, given as `perMille`, are those of the real files, or small enough for the oddities.
struct RowMaker {
    let population: Population
    let vocabulary: Vocabulary
    var text = RowText()

    init(population: Population, vocabulary: Vocabulary) {
        self.population = population
        self.vocabulary = vocabulary
    }

    /// Appends the rows of a table about the title (of name.basics: the person) at `ordinal`.
    mutating func appendRows(of table: SampleTable, _ ordinal: Int) {
        switch table {
        case .titleRatings: appendRating(ordinal)
        case .titleEpisode: appendEpisode(ordinal)
        case .titleCrew: appendCrew(ordinal)
        case .titleBasics: appendTitle(ordinal)
        case .nameBasics: appendPerson(ordinal)
        case .titleAkas: appendAkas(ordinal)
        case .titlePrincipals: appendPrincipals(ordinal)
        }
    }

    private mutating func appendRating(_ ordinal: Int) {
        var random = population.generator(.ratings, ordinal)
        guard random.chance(perMille: 134) else { return }
        let tenths = 10 + random.below(46) + random.below(46)
        appendTitleID(ordinal)
        text.tab()
        text.append(tenths / 10)
        text.append(".")
        text.append(tenths % 10)
        text.tab()
        text.append(5 + random.skewedBelow(random.chance(perMille: 20) ? 2_900_000 : 2000))
        text.newline()
    }

    private mutating func appendEpisode(_ ordinal: Int) {
        guard let (parent, index) = population.episode(ordinal) else { return }
        var random = population.generator(.episode, ordinal)
        let isUnnumbered = random.chance(perMille: 200)
        appendTitleID(ordinal)
        text.tab()
        appendTitleID(parent)
        text.tab()
        appendNumber(1 + index / 20, orNull: isUnnumbered)
        text.tab()
        appendNumber(1 + index % 20, orNull: isUnnumbered)
        text.newline()
    }

    private mutating func appendCrew(_ ordinal: Int) {
        var random = population.generator(.crew, ordinal)
        appendTitleID(ordinal)
        text.tab()
        appendPeople(random.chance(perMille: 430) ? 0 : 1 + random.skewedBelow(3), &random)
        text.tab()
        // Soap operas have writers by the dozen.
        let most = random.chance(perMille: 5) ? 120 : 5
        appendPeople(random.chance(perMille: 490) ? 0 : 1 + random.skewedBelow(most), &random)
        text.newline()
    }

    private mutating func appendTitle(_ ordinal: Int) {
        var random = population.generator(.basics, ordinal)
        let year = 2026 - random.skewedBelow(130)
        appendTitleID(ordinal)
        text.tab()
        appendTitleType(ordinal, &random)
        text.tab()
        appendTitleText(ordinal)
        text.tab()
        appendTitleText(random.chance(perMille: 55) ? ordinal / 2 : ordinal)
        text.tab()
        text.append(random.chance(perMille: 30) ? 1 : 0)
        text.tab()
        appendNumber(year, orNull: random.chance(perMille: 118))
        text.tab()
        let isOver = population.isSeries(ordinal) && random.chance(perMille: 450)
        appendNumber(year + random.below(12), orNull: !isOver)
        text.tab()
        appendRuntime(&random)
        text.tab()
        append(fromPopular: Vocabulary.genres, nullPerMille: 44, &random)
        text.newline()
    }

    private mutating func appendPerson(_ ordinal: Int) {
        var random = population.generator(.names, ordinal)
        let birth = 2010 - random.skewedBelow(280)
        let isBirthKnown = random.chance(perMille: 45)
        text.append(identifier: "nm", population.personNumber(ordinal))
        text.tab()
        appendPersonName(&random)
        text.tab()
        appendNumber(birth, orNull: !isBirthKnown)
        text.tab()
        let isDead = isBirthKnown && random.chance(perMille: 380)
        appendNumber(birth + 20 + random.below(80), orNull: !isDead)
        text.tab()
        append(fromPopular: Vocabulary.professions, nullPerMille: 200, &random)
        text.tab()
        appendKnownTitles(random.chance(perMille: 110) ? 0 : 1 + random.skewedBelow(6), &random)
        text.newline()
    }

    private mutating func appendAkas(_ ordinal: Int) {
        var random = population.generator(.akas, ordinal)
        guard !random.chance(perMille: 12) else { return }
        let rows = population.episode(ordinal) != nil ? 2 + random.below(6) : 1 + random.below(6)
        for index in 0..<rows { appendAka(ordinal, index, &random) }
    }

    /// One more name of a title; the first is the original one.
    private mutating func appendAka(_ ordinal: Int, _ index: Int, _ random: inout SeededGenerator) {
        let isOriginal = index == 0
        appendTitleID(ordinal)
        text.tab()
        text.append(index + 1)
        text.tab()
        if isOriginal || random.chance(perMille: 500) {
            appendTitleText(ordinal)
        } else {
            appendWords(&random)
        }
        text.tab()
        append(fromPopular: Vocabulary.regions, nullPerMille: isOriginal ? 1000 : 20, &random)
        text.tab()
        append(fromPopular: Vocabulary.languages, nullPerMille: isOriginal ? 1000 : 600, &random)
        text.tab()
        if isOriginal {
            text.append("original")
        } else {
            append(fromPopular: Vocabulary.akaTypes, nullPerMille: 300, &random)
        }
        text.tab()
        let nullPerMille = isOriginal ? 1000 : 955
        append(fromPopular: Vocabulary.akaAttributes, nullPerMille: nullPerMille, &random)
        text.tab()
        text.append(isOriginal ? 1 : 0)
        text.newline()
    }

    private mutating func appendPrincipals(_ ordinal: Int) {
        var random = population.generator(.principals, ordinal)
        guard !random.chance(perMille: 90) else { return }
        let rows = 1 + random.below(10) + random.below(9)
        for index in 0..<rows {
            let category = random.skewedBelow(Vocabulary.categories.count)
            appendTitleID(ordinal)
            text.tab()
            text.append(index + 1)
            text.tab()
            text.append(identifier: "nm", skewedPersonNumber(&random))
            text.tab()
            text.append(Vocabulary.categories[category])
            text.tab()
            let hasJob = (4...8).contains(category) && random.chance(perMille: 800)
            append(fromPopular: Vocabulary.jobs, nullPerMille: hasJob ? 0 : 1000, &random)
            text.tab()
            appendCharacters(isOnScreen: category <= 2, &random)
            text.newline()
        }
    }
}

// MARK: - Fields

extension RowMaker {
    private mutating func appendTitleID(_ ordinal: Int) {
        text.append(identifier: "tt", population.titleNumber(ordinal))
    }

    private mutating func appendNumber(_ number: Int, orNull isNull: Bool) {
        if isNull { text.null() } else { text.append(number) }
    }

    private mutating func append(
        fromPopular choices: [[UInt8]],
        nullPerMille: Int,
        _ random: inout SeededGenerator
    ) {
        if random.chance(perMille: nullPerMille) {
            text.null()
        } else {
            text.append(choices[random.skewedBelow(choices.count)])
        }
    }

    private mutating func appendTitleType(_ ordinal: Int, _ random: inout SeededGenerator) {
        if population.episode(ordinal) != nil {
            text.append("tvEpisode")
        } else if population.isSeries(ordinal) {
            text.append("tvSeries")
        } else {
            text.append(Vocabulary.titleTypes[random.skewedBelow(Vocabulary.titleTypes.count)])
        }
    }

    /// The title's text, the same wherever it is asked for.
    private mutating func appendTitleText(_ ordinal: Int) {
        var random = population.generator(.titleText, ordinal)
        if let (_, index) = population.episode(ordinal), random.chance(perMille: 350) {
            text.append("Episode #")
            text.append(1 + index / 20)
            text.append(".")
            text.append(1 + index % 20)
        } else {
            appendWords(&random)
        }
    }

    /// A few words, now and then quoted in part or as a whole, or something awkward.
    private mutating func appendWords(_ random: inout SeededGenerator) {
        let oddity = random.below(1000)
        guard oddity >= 6 else { return text.append(random.pick(Vocabulary.awkward)) }
        if (6..<14).contains(oddity) { text.append("\"") }
        for index in 0..<(1 + random.below(3) + random.below(4)) {
            if index > 0 { text.append(" ") }
            text.append(vocabulary.words[random.skewedBelow(vocabulary.words.count)])
        }
        // Some quotes stay open on purpose: in TSV they mean nothing.
        if (9..<18).contains(oddity) { text.append("\"") }
    }

    private mutating func appendPersonName(_ random: inout SeededGenerator) {
        let oddity = random.below(1000)
        guard oddity > 0 else { return text.append(random.pick(Vocabulary.awkward)) }
        text.append(vocabulary.names[random.skewedBelow(vocabulary.names.count)])
        text.append(" ")
        if oddity < 5 { text.append("\"Doc\" ") }
        text.append(random.pick(vocabulary.names))
    }

    private mutating func appendRuntime(_ random: inout SeededGenerator) {
        // One in 100,000 is no number: a conversion failure, as in the real file.
        if random.below(100_000) == 0 {
            text.append(random.pick(Vocabulary.oddRuntimes))
        } else {
            appendNumber(
                1 + random.below(60) + random.below(90),
                orNull: random.chance(perMille: 650)
            )
        }
    }

    private mutating func appendCharacters(isOnScreen: Bool, _ random: inout SeededGenerator) {
        let kind = random.below(100_000)
        if kind < 4 {
            text.append(random.pick(Vocabulary.oddRoles))
        } else if kind < 100 {
            // Nothing at all: an empty list and no failure.
        } else if !isOnScreen || kind < 12_000 {
            text.null()
        } else if kind < 25_000 {
            text.append(random.pick(Vocabulary.roles))
        } else {
            text.append("[\"")
            text.append(vocabulary.names[random.skewedBelow(vocabulary.names.count)])
            if kind < 55_000 {
                text.append(" ")
                text.append(random.pick(vocabulary.names))
            }
            text.append("\"]")
        }
    }

    private mutating func appendPeople(_ count: Int, _ random: inout SeededGenerator) {
        if count == 0 { text.null() }
        for index in 0..<count {
            if index > 0 { text.append(",") }
            text.append(identifier: "nm", skewedPersonNumber(&random))
        }
    }

    private mutating func appendKnownTitles(_ count: Int, _ random: inout SeededGenerator) {
        if count == 0 { text.null() }
        for index in 0..<count {
            if index > 0 { text.append(",") }
            appendTitleID(random.below(population.titles))
        }
    }

    private func skewedPersonNumber(_ random: inout SeededGenerator) -> Int {
        population.personNumber(random.skewedBelow(population.people))
    }
}
