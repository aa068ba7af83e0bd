import Benchmarks
import Testing

@Suite("Benchmarks")
struct BenchmarkTests {
    @Test("each does its work and takes time for it", arguments: Benchmark.all.map(\.name))
    func runs(name: String) throws {
        let benchmark = try #require(Benchmark.all.first { $0.name == name })
        let measurement = try benchmark.measure(.small, runs: 2)
        #expect(measurement.name == name)
        #expect(measurement.count > 0)
        #expect(measurement.nanoseconds.count == 2)
        #expect(measurement.nanoseconds.allSatisfy { $0 > 0 })
    }

    @Test("no two have one name")
    func names() {
        #expect(Set(Benchmark.all.map(\.name)).count == Benchmark.all.count)
    }

    @Test(
        "the median is the middle run, or the mean of the two in the middle",
        arguments: [[3], [9, 3, 1], [4, 1, 100, 2]] as [[Double]]
    )
    func median(runs: [Double]) {
        #expect(measurement(runs).median == 3)
    }

    @Test("a measurement is one line of JSON")
    func json() {
        let text = measurement([1.5, 2.5]).json
        let expected =
            #"{"name": "a", "unit": "byte", "count": 10, "nanoseconds": 2.0, "#
            + #""runs": [1.5, 2.5]}"#
        #expect(text == expected)
    }

    private func measurement(_ runs: [Double]) -> Measurement {
        Measurement(name: "a", unit: .byte, count: 10, nanoseconds: runs)
    }
}
