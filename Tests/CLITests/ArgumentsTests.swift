import CLI
import Testing

private let command = Command(
    "try",
    "something",
    positionals: [Positional("JOB", repeats: true)],
    flags: [Flag("set", "K=V", "", repeats: true), Flag("size", "N", ""), Flag("wait", nil, "")]
) { _ throws(CLIError) in 0 }

private func arguments(_ line: String) throws(CLIError) -> Arguments {
    try Arguments(line.split(separator: " ").map(String.init), of: command)
}

@Suite("Arguments")
struct ArgumentsTests {
    @Test(
        "flags stand before, between and after the positional arguments",
        arguments: [
            "--size 3 --wait a b", "a --size 3 b --wait", "a b --wait --size 3",
            "a --size=3 --wait b", "--wait --size=3 -- a b",
        ]
    )
    func order(line: String) throws {
        let parsed = try arguments(line)
        #expect(parsed.positionals == ["a", "b"])
        #expect(parsed.value("size") == "3")
        #expect(parsed.has("wait"))
        #expect(try parsed.integer("size", in: 0...3) == 3)
    }

    @Test(
        "what is wrong with a command line is said",
        arguments: [
            ("a --siez 3", "unknown flag '--siez'"),
            ("a -s", "unknown flag '-s'"),
            ("a --size", "'--size' needs a value: N"),
            ("a --wait=yes", "'--wait' takes no value"),
            ("a --size 1 --size 2", "'--size' stands twice"),
            ("--wait", "JOB is missing"),
        ]
    )
    func errors(line: String, text: String) {
        let error = #expect(throws: CLIError.self) { try arguments(line) }
        #expect(error?.description == text + "; see otjob try --help")
        #expect(error?.exitCode == 2)
    }

    @Test("behind -- nothing is a flag, and a lone - is none")
    func endOfFlags() throws {
        #expect(try arguments("- -- --wait -x").positionals == ["-", "--wait", "-x"])
    }

    @Test("a value may begin with a dash and may hold equals signs")
    func oddValues() throws {
        #expect(try arguments("a --size -3").value("size") == "-3")
        #expect(try arguments("a --set=k=v=w").pairs("set") == ["k": "v=w"])
        #expect(try arguments("a --set k=").pairs("set") == ["k": ""])
    }

    @Test("parameters without a name or given twice are refused")
    func badPairs() throws {
        for line in ["a --set k", "a --set =v", "a --set k=1 --set k=2"] {
            let parsed = try arguments(line)
            #expect(throws: CLIError.self) { try parsed.pairs("set") }
        }
    }

    @Test(
        "numbers out of range or with other characters are refused",
        arguments: ["0", "9", "x", "1.0"]
    )
    func badNumbers(text: String) throws {
        let parsed = try arguments("a --size \(text)")
        #expect(throws: CLIError.self) { try parsed.integer("size", in: 1...8) }
    }

    @Test("a missing argument is no error where help is asked for")
    func help() throws {
        #expect(try arguments("-h").has("help"))
        #expect(try arguments("--help").has("help"))
    }

    @Test("too many arguments are refused")
    func tooMany() {
        let single = Command("one", "", positionals: [Positional("ID", required: false)]) {
            _ throws(CLIError) in 0
        }
        #expect(throws: Never.self) { try Arguments([], of: single) }
        #expect(throws: CLIError.self) { try Arguments(["1", "2"], of: single) }
    }
}
