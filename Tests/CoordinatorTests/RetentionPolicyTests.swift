import Base
import Catalog
import Testing

@testable import Coordinator

@Suite("What is forgotten, and when")
struct RetentionPolicyTests {
    private let day = Duration.seconds(86_400)
    private var policy: RetentionPolicy {
        RetentionPolicy(jobs: day * 90, logs: day * 30, versions: day * 30)
    }

    /// Midnight of a day since 2027, say.
    private func at(day number: Int64, seconds: Int64 = 0) -> WallTime {
        WallTime(microseconds: (1_800_000_000 + number * 86_400 + seconds) * 1_000_000)
    }

    private func stamps(_ days: Int64?...) -> [VersionStamp] {
        days.enumerated().map { index, day in
            VersionStamp(id: SnapshotID(Int64(index)), time: day.map { at(day: $0) })
        }
    }

    private func expired(_ stamps: [VersionStamp], limit: Int = 100, at time: WallTime) -> [Int64] {
        policy.expired(stamps, limit: limit, at: time).map(\.rawValue)
    }

    @Test("a version is forgotten when its time has passed since the next one was made")
    func versions() {
        let versions = stamps(0, 50, 51)
        #expect(expired(versions, at: at(day: 79, seconds: 86_399)) == [])
        #expect(expired(versions, at: at(day: 80)) == [0])
        #expect(expired(versions, at: at(day: 81)) == [0, 1])
    }

    @Test("the newest version stays for ever")
    func newestVersion() {
        #expect(expired(stamps(0), at: at(day: 100_000)) == [])
        #expect(expired(stamps(0, 1, 2), at: at(day: 100_000)) == [0, 1])
        #expect(expired([], at: at(day: 100_000)) == [])
    }

    @Test("a version of unknown time is kept, and so is the one that it replaced")
    func unknownTime() {
        #expect(expired(stamps(0, 1, nil, 3, 4), at: at(day: 1000)) == [0, 3])
    }

    @Test("versions made while the clock stood wrong go by the time of the next one")
    func clockSetBack() {
        #expect(expired(stamps(900, 10, 11), at: at(day: 45)) == [0, 1])
        #expect(expired(stamps(0, 900, 901), at: at(day: 45)) == [])
    }

    @Test("a step forgets as many versions as it may, the oldest first")
    func limit() {
        #expect(expired(stamps(0, 1, 2, 3, 4), limit: 2, at: at(day: 100)) == [0, 1])
    }

    @Test("logs go before their jobs, and with them at the latest")
    func cutoffs() {
        #expect(policy.jobsCutoff(at: at(day: 100)) == at(day: 10))
        #expect(policy.logsCutoff(at: at(day: 100)) == at(day: 70))
        let odd = RetentionPolicy(jobs: day, logs: day * 30, versions: day)
        #expect(odd.logsCutoff(at: at(day: 100)) == at(day: 99))
    }

    private func file(_ path: String, since: WallTime?) -> ScheduledFile {
        ScheduledFile(path: path, since: since, row: 1)
    }

    @Test("files outlive their last version by an hour, for readers that have begun with it")
    func grace() {
        let now = at(day: 0, seconds: 3600)
        let files = [
            file("/s/a", since: at(day: 0)), file("/s/b", since: at(day: 0, seconds: 1)),
            file("/s/c", since: nil),
        ]
        let deletable = policy.deletable(files, below: "/s/", limit: 10, at: now)
        #expect(deletable.map(\.path) == ["/s/a"])
        // Who keeps versions for a second does not expect files to stay for an hour.
        let hasty = RetentionPolicy(jobs: day, logs: day, versions: .seconds(1))
        let soon = hasty.deletable(files, below: "/s/", limit: 10, at: at(day: 0, seconds: 2))
        #expect(soon.map(\.path) == ["/s/a", "/s/b"])
    }

    @Test(
        "files outside of the store are left to whoever put them there",
        arguments: ["/other/a", "/s/../etc/passwd", "/s/x/../../a", "/store/a", ""]
    )
    func foreignFiles(path: String) {
        let files = [file(path, since: at(day: 0))]
        #expect(policy.deletable(files, below: "/s/", limit: 10, at: at(day: 9)) == [])
    }

    @Test("a step deletes as many files as it may")
    func fileLimit() {
        let files = (0..<5).map { file("/s/\($0)", since: at(day: 0)) }
        let deletable = policy.deletable(files, below: "/s/", limit: 2, at: at(day: 9))
        #expect(deletable.map(\.path) == ["/s/0", "/s/1"])
    }

    @Test("it looks often enough for the shortest time, and never more than once a second")
    func interval() {
        #expect(policy.interval == .seconds(3600))
        func interval(_ jobs: Duration) -> Duration {
            RetentionPolicy(jobs: jobs, logs: day, versions: day).interval
        }
        #expect(interval(.seconds(600)) == .seconds(60))
        #expect(interval(.seconds(1)) == .seconds(1))
    }

    @Test("a clock that leaps ahead forgets nothing")
    func leapingClock() {
        let clock = TrustedClock(wall: at(day: 0), at: Instant(nanoseconds: 5))
        let hour = Duration.seconds(3600)
        let later = Instant(nanoseconds: 5) + hour
        #expect(clock.time(wall: at(day: 0, seconds: 3600), at: later) == at(day: 0, seconds: 3600))
        // Ten years ahead; corrected by a few minutes; set back.
        #expect(clock.time(wall: at(day: 3650), at: later) == at(day: 0, seconds: 4200))
        #expect(clock.time(wall: at(day: 0, seconds: 3900), at: later) == at(day: 0, seconds: 3900))
        #expect(clock.time(wall: at(day: -9), at: later) == at(day: -9))
    }
}
