import Benchmarks
import Glibc

/// Measures parts of the program by themselves; scripts/bench calls it, and prints what it says.
struct Options {
    var runs = 5
    var prefixes: [String] = []
    var extent = Extent.full
    var isListing = false

    static let usage = """
        Usage: Bench [--runs N] [--only PREFIX]... [--small] [--list]
        Runs each benchmark N (5) times after a first one, and prints a line of JSON for each: the median
        in nanoseconds for one unit of work. --only: those whose names begin so. --small: as little work
        as shows that all run. --list: names alone.
        """

    init?(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            switch argument {
            case "--small": extent = .small
            case "--list": isListing = true
            case "--runs":
                guard let value = rest.popFirst().flatMap(Int.init), value > 0 else { return nil }
                runs = value
            case "--only":
                guard let prefix = rest.popFirst() else { return nil }
                prefixes.append(prefix)
            default: return nil
            }
        }
    }

    func includes(_ name: String) -> Bool {
        prefixes.isEmpty || prefixes.contains { name.hasPrefix($0) }
    }
}

guard let options = Options(CommandLine.arguments) else {
    print(Options.usage)
    exit(2)
}
for benchmark in Benchmark.all where options.includes(benchmark.name) {
    if options.isListing {
        print(benchmark.name)
    } else {
        print(try benchmark.measure(options.extent, runs: options.runs).json)
        fflush(nil)
    }
}
