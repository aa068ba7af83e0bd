import API
import CLI
import Testing

private func pool(
    _ name: String,
    _ state: PoolState,
    workers: Int = 0,
    wanted: Int = 0
) -> PoolSummary {
    PoolSummary(
        name: name,
        provider: "process",
        state: state,
        workers: workers,
        wanted: wanted,
        minWorkers: 1,
        maxWorkers: 8
    )
}

@Suite("Readiness")
struct ReadinessTests {
    @Test("the first pool is waited for until it has the workers that it wants")
    func wanted() {
        let readiness = { LocalCluster.readiness(of: $0, isLate: false) }
        #expect(readiness([pool("a", .acquiring, workers: 1, wanted: 2)]) == nil)
        #expect(readiness([pool("a", .ready, workers: 1, wanted: 2)]) == nil)
        #expect(readiness([pool("a", .ready, workers: 2, wanted: 2)]) == "pool a: 2 workers")
        #expect(readiness([pool("a", .active, workers: 1, wanted: 1)]) == "pool a: 1 worker")
    }

    @Test("a usable pool with too few workers is enough when it is late, and says so")
    func late() {
        let few = [pool("a", .ready, workers: 1, wanted: 2)]
        #expect(LocalCluster.readiness(of: few, isLate: true) == "pool a: 1 of 2 workers")
        let none = [pool("a", .acquiring, wanted: 2)]
        #expect(LocalCluster.readiness(of: none, isLate: true) == nil)
    }

    @Test("a pool that cannot be had gives way to the next")
    func fallback() {
        let pools = [pool("a", .exhausted, wanted: 2), pool("b", .ready, workers: 3)]
        #expect(
            LocalCluster.readiness(of: pools, isLate: false) == "pool b: 3 workers; a is EXHAUSTED"
        )
    }

    @Test("workers that join by themselves are not waited for")
    func staticPools() {
        #expect(LocalCluster.readiness(of: [pool("a", .empty)], isLate: false) != nil)
    }
}
