import Base
import Jobs
import Testing

@Suite("hostile YAML")
struct HostileYAMLTests {
    @Test(
        "is refused with its place",
        arguments: [
            ("", 0, 0, "is empty"),
            ("a: b\n---\nc: d\n", 2, 1, "a second document"),
            ("a: &x b\n", 1, 4, "anchors"),
            ("a: &x [b]\n", 1, 4, "anchors"),
            ("a: *x\n", 1, 4, "aliases"),
            ("a: !!binary aGk=\n", 1, 4, "tags"),
            ("a: ! {b: c}\n", 1, 4, "tags"),
            ("a: b\nc: d\na: e\n", 3, 1, "key 'a' is given twice; first in line 1"),
            ("<<: {a: b}\njob: x\n", 1, 1, "unknown key '<<'"),
            ("[a]: b\n", 1, 1, "a key must be a single word"),
            ("{a: b}: c\n", 1, 1, "a key must be a single word"),
            ("a: b: c\n", 1, 5, "not YAML"),
            ("a: [b\n", 2, 1, "not YAML"),
            ("a:\n\tb: c\n", 2, 1, "not YAML"),
            ("a: \"b\n", 2, 1, "not YAML"),
            ("a: ü\u{0}b\n", 1, 5, "not YAML: control characters are not allowed"),
            ("é: ü\nb: \u{7}\n", 2, 4, "not YAML: control characters are not allowed"),
            ("%YAML 9.9\n---\na: b\n", 1, 1, "not YAML"),
        ]
    )
    func refused(text: String, line: Int, column: Int, message: String) {
        let error = jobError(text)
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "accepted")")
    }

    @Test("nested deeper than the limit is refused at the first value beyond it")
    func depth() {
        let limit = YAMLLimits.depth
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(jobError(nested(limit + 1))?.message.contains("must be a mapping") == true)
        let error = jobError(nested(limit + 2))
        #expect(error?.message == "nested deeper than 16 lists and mappings")
        #expect(error?.column == limit + 2)
        let bombs = ["[", "{a: ", "- "].map { String(repeating: $0, count: 60_000) }
        for bomb in bombs { #expect(jobError(bomb)?.message.contains("deeper") == true) }
        let keys = jobError(String(repeating: "? ", count: 60_000))
        #expect(keys?.message == "a key must be a single word")
    }

    @Test("with more values than the limit is refused")
    func nodes() {
        let error = jobError("a: [" + String(repeating: "b,", count: YAMLLimits.nodes) + "]")
        #expect(error?.message == "more than 32768 values in one file")
    }

    @Test("over the size limit is refused before it is parsed, at the limit it is read")
    func size() throws {
        let job = jobText()
        let padding = String(repeating: "#", count: YAMLLimits.fileSizeBytes - job.utf8.count)
        #expect(try declaration(job + padding).name == "sales")
        #expect(jobError(job + padding + "#")?.message.contains("at most 262144") == true)
    }

    @Test("in a message is shown without control characters, and not at any length")
    func messages() {
        let error = jobError(#""\e[2J\n": x"# + "\njob: a")
        #expect(error?.description.contains(#"unknown key '\u{1B}[2J\u{A}'; known"#) == true)
        let long = jobError(jobText("write: " + String(repeating: "x", count: 100_000)))
        #expect(long?.description.count == 1001)
    }

    @Test("a byte order mark before the first key is no part of it")
    func byteOrderMark() throws {
        #expect(try declaration("\u{FEFF}" + jobText()).name == "sales")
    }

    @Test("seeded mutations of valid files never crash, and errors lie within the file")
    func mutations() throws {
        let files = try [
            "jobs/imdb/title_akas.yaml", "examples/sensor_readings.yaml", "cluster.yaml",
        ]
        .map { Array(try contents(repositoryRoot + "/" + $0).utf8) }
        var generator = SeededGenerator(seed: 0x59A3_1C0D)
        var refused = 0
        for round in 0..<3000 {
            var bytes = files[round % files.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutate(&bytes, using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.unicodeScalars.count { $0.properties.isPatternWhitespace } + 2
            for error in [jobError(text), clusterError(text)].compactMap(\.self) {
                refused += 1
                #expect((0...lines).contains(error.line), "round \(round): \(error)")
                #expect(!error.message.isEmpty)
            }
        }
        // Each file is of one of the two kinds, so at least one reading is always refused.
        #expect(refused >= 3000)
    }

    @Test("seeded garbage is refused")
    func garbage() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<1000 {
            let count = Int.random(in: 0...400, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(jobError(String(decoding: bytes, as: UTF8.self)) != nil)
        }
    }

    private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let length = Int.random(in: 0...min(20, bytes.count - index), using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1:
            bytes.insert(
                "{}[]:,-#&*!|>'\"%@ \n\t".utf8.randomElement(using: &generator) ?? 0,
                at: index
            )
        case 2: bytes.removeSubrange(index..<index + length)
        default: bytes.insert(contentsOf: bytes[index..<index + length], at: index)
        }
        if bytes.isEmpty { bytes = [0x61] }
    }
}
