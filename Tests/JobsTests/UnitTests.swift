import Jobs
import Testing

@Suite("a value with a unit")
struct UnitTests {
    private static func selftestSleep(_ text: String) throws -> Duration {
        let library = try JobLibrary(directories: [])
        let job = try library.resolve("selftest", set: ["sleep": text])[0]
        guard case .selftest(let selftest) = job.work else { throw FixtureError.notATable }
        return selftest.sleep
    }

    @Test(
        "is a time",
        arguments: [
            ("0s", Duration.zero), ("500ms", .milliseconds(500)), ("2s", .seconds(2)),
            ("10m", .seconds(600)), ("1h", .seconds(3600)), ("0.1s", .milliseconds(100)),
            ("1.000000001s", .nanoseconds(1_000_000_001)), ("0.5ms", .microseconds(500)),
            ("0.001d", .milliseconds(86_400)), ("007s", .seconds(7)),
        ]
    )
    func times(text: String, duration: Duration) throws {
        #expect(try Self.selftestSleep(text) == duration)
    }

    @Test(
        "is no time",
        arguments: [
            "", "s", "5", "5 s", " 5s", "-5s", "+5s", "1e3s", ".5s", "5.s", "1.2.3s", "5sec", "5S",
            "5us", "5M", "0.0000000001s", "99999999999999999999s", "9999999999999999d", "٣s",
        ]
    )
    func notTimes(text: String) {
        let error = #expect(throws: JobError.self) { _ = try Self.selftestSleep(text) }
        #expect(error?.description.contains("--set sleep: 'sleep' must be a time") == true)
    }

    @Test(
        "is a size",
        arguments: [
            ("0B", 0), ("512B", 512), ("64KiB", 65_536), ("16MiB", 16_777_216),
            ("1GiB", 1_073_741_824), ("2TiB", 2_199_023_255_552),
        ]
    )
    func sizes(text: String, bytes: Int64) throws {
        let configuration = try ClusterConfiguration.parse(
            text: "scheduler: {reserve: \(text)}",
            file: "c",
            baseDirectory: "/"
        )
        #expect(configuration.scheduler.reserveBytes == bytes)
    }

    @Test(
        "is no size",
        arguments: ["5", "1.5GiB", "5 MiB", "5kB", "5K", "5mib", "-1B", "9999999999999TiB", "MiB"]
    )
    func notSizes(text: String) {
        let error = clusterError("scheduler: {reserve: \(text)}")
        #expect(error?.message.contains("'reserve' must be a whole size") == true)
        #expect(error?.column == 22)
    }

    @Test("that is out of range is shown in its largest whole unit")
    func shown() {
        #expect(clusterError("retention: {jobs: 0.5s}")?.message.contains("500ms") == true)
        #expect(
            clusterError("scheduler: {heartbeat: 61.5s}")?.message.contains("61500ms") == true
        )
        #expect(
            clusterError("retention: {jobs: 0.0000001s}")?.message.contains("0.000000100s") == true
        )
        #expect(clusterError("scheduler: {chunk: 1025B}")?.message.contains("1025B") == true)
    }

    @Test("ages are whole seconds, and other text is none")
    func ages() {
        #expect(Age.seconds("7d") == 604_800)
        #expect(Age.seconds("0s") == 0)
        #expect(Age.seconds("1500ms") == 1)
        for text in ["", "7", "d", "-1s", "7 d"] { #expect(Age.seconds(text) == nil, "\(text)") }
    }
}
