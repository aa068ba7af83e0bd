import Testing

@testable import Coordinator

@Suite("Room on the disks")
struct SpaceGaugeTests {
    private func volume(_ path: String = "/state", free: Int64, total: Int64) -> Volume {
        Volume(path: path, freeBytes: free, totalBytes: total)
    }

    @Test("the reserve is a twentieth of the disk and 2 GiB at most, unless it is configured")
    func reserve() {
        let gauge = SpaceGauge(configuredReserveBytes: nil)
        #expect(gauge.reserveBytes(of: volume(free: 0, total: 1000)) == 50)
        #expect(gauge.reserveBytes(of: volume(free: 0, total: 40 << 30)) == 2 << 30)
        #expect(gauge.reserveBytes(of: volume(free: 0, total: 100 << 30)) == 2 << 30)
        let configured = SpaceGauge(configuredReserveBytes: 77)
        #expect(configured.reserveBytes(of: volume(free: 0, total: 100 << 30)) == 77)
    }

    /// What measuring these free bytes one after another tells: news or not, and short or not.
    private func told(
        _ reserve: Int64,
        _ measurements: [[Int64]]
    ) -> [(isNews: Bool, shortage: String?)] {
        var gauge = SpaceGauge(configuredReserveBytes: reserve)
        return measurements.map { free in
            let volumes = zip(["/state", "/store"], free).map { path, free in
                volume(path, free: free, total: 9000)
            }
            let isNews = gauge.measure(volumes)
            return (isNews, gauge.shortage)
        }
    }

    @Test("a shortage begins below the reserve and ends with an eighth more, by itself")
    func hysteresis() {
        let told = told(800, [[800], [799], [850], [899], [900], [899]])
        #expect(told.map(\.isNews) == [false, true, false, false, true, false])
        #expect(told.map { $0.shortage != nil } == [false, true, true, true, false, false])
        #expect(
            told[1].shortage
                == "disk is nearly full: less than 800 B are free for /state; free space there, "
                + "or lower scheduler.reserve"
        )
    }

    @Test("the first disk that is short is named, and another one is news")
    func volumes() {
        let told = told(80, [[500, 5], [5, 5], [5, 500], [500, 500]])
        #expect(told.map(\.isNews) == [true, true, false, true])
        #expect(told[0].shortage?.contains("for /store") == true)
        #expect(told[1].shortage?.contains("for /state") == true)
        #expect(told[3].shortage == nil)
    }

    @Test("no reserve, no shortage")
    func none() {
        let told = told(0, [[0]])
        #expect(!told[0].isNews)
        #expect(told[0].shortage == nil)
    }
}
