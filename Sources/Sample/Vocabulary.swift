import Base

/// The words a sample is made of, as UTF-8; popular ones first.
struct Vocabulary: Sendable {
    /// Made-up Latin words, so that text compresses about as well as real titles do.
    private static let latinWords = 6000
    /// Every how many words one of another script stands.
    private static let foreignEvery = 40

    let words: [[UInt8]]
    let names: [[UInt8]]

    init() {
        var random = SeededGenerator(seed: 20_261_123)
        var words = Self.common.map { Array($0.utf8) }
        var names: [[UInt8]] = []
        for index in 0..<Self.latinWords {
            words.append(Self.latinWord(&random))
            names.append(Self.latinWord(&random))
            if index % Self.foreignEvery == 0 {
                words.append(Array(random.pick(Self.foreign).utf8))
                names.append(Array(random.pick(Self.foreign).utf8))
            }
        }
        self.words = words
        self.names = names
    }

    private static func latinWord(_ random: inout SeededGenerator) -> [UInt8] {
        var word = ""
        for _ in 0..<(1 + random.below(3)) {
            word += random.pick(onsets) + random.pick(vowels) + random.pick(codas)
        }
        return Array(word.prefix(1).uppercased().utf8) + Array(word.dropFirst().utf8)
    }

    private static let common = words(
        """
        The of and in a to on for with at from my your Love Life Man Girl Night Day World House Time \
        One Two Last First Big Little New Old Black White Red Blue Dark Story Show Home Family Game \
        War Dream Heart Fire Water Street City Town Summer Winter Music Live Best Week News Morning \
        Kids School Friends Mother Father Secret King Queen Prince Moon Sun Star Sea Island River vs. \
        & - Vol. 2 3 4 5 10 2010 2019 2020 El La Los de del y Le Les et des Der Die Das und il di
        """
    )
    private static let onsets = words(
        "b c d f g h j k l m n p r s t v w z br ch cr dr fr gr kl pl pr sh sl sp st th tr"
    )
    private static let vowels = words("a e i o u a e i o ai ee ou ia é ü ö ä ã ø å")
    private static let codas = ["", "", "n", "r", "s", "l", "t", "m", "k", "nd", "ck", "ng"]

    /// All scripts: one to four bytes a character, right to left, with combining marks and joiners.
    private static let foreign = words(
        """
        Любовь война дом Ночь Москва 東京物語 愛 世界 花様年華 エピソード さくら 서울 사랑 الحب ليلة שלום אהבה \
        प्रेम कहानी ความรัก Ελλάδα αγάπη հայրենիք საქართველო e\u{301}te\u{301} n\u{303}andu\u{301} Z\u{324}algo\u{335} \
        🎬 👩‍👩‍👧 🇯🇵 😀🎉 𝔉𝔦𝔩𝔪 𠮷野家 ½ № €100 ﷽ a\u{2028}b c\u{85}d
        """
    )

    /// Text that careless readers take for something else: nulls, quotes, escapes, nothing at all.
    static let awkward: [[UInt8]] = [
        "NULL", "NA", "nan", "None", "null", "N/A", "true", "-", "1984", "\"", "\"\"", "\\", " ",
        "#", "\\\"", "''", "\\n", "\\t", " leading", "trailing ", "=1+1", "", "", "\u{FEFF}bom",
    ].map { Array($0.utf8) }

    static let titleTypes = lists(
        "short movie movie short video tvMovie tvMiniSeries tvSpecial videoGame tvShort tvPilot"
    )
    static let genres = lists(
        """
        Drama Comedy Short Documentary Talk-Show Drama,Romance Comedy,Drama News Family Reality-TV \
        Animation,Comedy,Family Music Crime,Drama Action,Adventure,Sci-Fi Game-Show Adult Sport \
        Fantasy,Horror Mystery,Thriller History,War Biography,Drama Musical Western Film-Noir
        """
    )
    static let professions = lists(
        """
        actor actress producer writer director miscellaneous actor,producer writer,director editor \
        camera_department cinematographer actress,soundtrack composer art_department,actor \
        sound_department visual_effects music_department,composer,soundtrack stunts podcaster
        """
    )
    static let regions = lists(
        "US JP FR IN ES IT DE PT GB CA XWW BR MX RU PL TR AR SE AU HU GR FI KR CN HK SUHH XYU"
    )
    static let languages = lists("en ja fr hi es it de pt ru pl tr sv hu el fi ko cmn yue ar he")
    /// Lists separated by 0x02, as in title.akas.
    static let akaTypes = lists(
        "imdbDisplay alternative working dvd festival tv video dvd\u{2}alternative imdbDisplay\u{2}tv"
    )
    static let akaAttributes: [[UInt8]] = [
        "literal title", "complete title", "informal title", "transliterated title", "new title",
        "literal English title\u{2}short title", "director's cut", "3-D version\u{2}8mm release",
        "subtitle\u{2}", "", "\"fake\" working title",
    ].map { Array($0.utf8) }
    static let categories = lists(
        """
        actor actress self director producer writer editor composer cinematographer \
        production_designer casting_director archive_footage archive_sound
        """
    )
    static let jobs: [[UInt8]] = [
        "producer", "executive producer", "creator", "created by", "written by", "screenplay",
        "story", "director of photography", "line producer", "novel", "play \"The Return\"",
        "based on characters created by", "segment \"One\"", "idea & story", "book \"A Life",
    ].map { Array($0.utf8) }
    /// JSON arrays of strings; those with escapes spell quotes, backslashes and other scripts.
    static let roles: [[UInt8]] = [
        #"["Self"]"#, #"["Self - Host"]"#, #"["Self - Guest"]"#, #"["Narrator"]"#,
        #"["Various"]"#, #"["Self","Narrator"]"#, #"["\"Doc\" Holliday"]"#,
        #"["C:\\Temp\\N"]"#, #"["Andr\u00e9","Ren\u00E9e"]"#, #"["\ud83d\ude00 Smiley"]"#,
        #"["Tab\tNewline\nSlash\/"]"#, #"["Иван","太郎"]"#, #"[ "spaced" , "out" ]"#, "[]", #"[""]"#,
    ].map { Array($0.utf8) }
    /// What is no JSON array of strings; counted as conversion failures.
    static let oddRoles: [[UInt8]] = [
        "Self", #"["unclosed"#, #"["a",1]"#, "null", #"{"a":"b"}"#, #"["\ud800"]"#, #"["a",]"#,
    ].map { Array($0.utf8) }
    static let oddRuntimes = lists("Reality-TV Talk-Show,News 90min 99999999999 1e2")

    private static func words(_ text: String) -> [String] {
        text.split(separator: " ").map(String.init)
    }

    private static func lists(_ text: String) -> [[UInt8]] {
        text.split(separator: " ").map { Array($0.utf8) }
    }
}
