import Base
import Scheduling

let zoneC = PoolID("zone-c")

/// What a random walk is about: pools and jobs, drawn.
struct RandomPlans {
    /// Kinds of pools that start their workers, each with what sets it apart.
    private enum StartedPool: CaseIterable {
        case fixed, autoscaled, onDemand, autoscaledOnDemand
    }

    static func settings(using random: inout SeededGenerator) -> SchedulingSettings {
        SchedulingSettings(
            pools: [
                startedPool(zoneA, using: &random), .static(zoneB),
                startedPool(zoneC, using: &random),
            ],
            epoch: 5
        )
    }

    private static func startedPool(
        _ id: PoolID,
        using random: inout SeededGenerator
    ) -> PoolSettings {
        let kind = StartedPool.allCases.randomElement(using: &random) ?? .fixed
        let minWorkers = Int.random(in: 1...2, using: &random)
        var settings = PoolSettings.process(id, workers: 2, minWorkers: minWorkers)
        if kind == .onDemand || kind == .autoscaledOnDemand {
            settings.isOnDemand = true
            settings.workers = Int.random(in: 0...1, using: &random)
        }
        if kind == .autoscaled || kind == .autoscaledOnDemand {
            settings.autoscale = Autoscale(
                tasksPerWorker: Int.random(in: 1...50, using: &random),
                coolDown: .seconds(Int64.random(in: 0...30, using: &random))
            )
        }
        return settings
    }

    /// A job of one to four steps, of which some need others.
    static func job(_ id: JobID, using random: inout SeededGenerator) -> JobPlan {
        let steps = (0..<Int.random(in: 1...4, using: &random)).map { step($0, using: &random) }
        let pool = [nil, nil, nil, nil, zoneA, zoneB, zoneC].randomElement(using: &random) ?? nil
        return JobPlan(id: id, name: "job", steps: steps, pool: pool)
    }

    private static func step(_ index: Int, using random: inout SeededGenerator) -> StepPlan {
        let needs = (0..<index).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return .synthetic(Int.random(in: 0...300, using: &random))
        case 1: return StepPlan(source: .published(SnapshotID(1)))
        case 2...4:
            let delays: [Duration] = [.zero, .milliseconds(500), .seconds(20)]
            let rules = StepRules(
                needs: needs,
                onlyIfChanged: Int.random(in: 0..<3, using: &random) == 0,
                retries: Int.random(in: 0...2, using: &random),
                retryDelay: delays.randomElement(using: &random) ?? .zero,
                timeout: [nil, .seconds(10), .seconds(120)].randomElement(using: &random) ?? nil
            )
            return StepPlan(source: .action, rules: rules)
        default:
            let timeout = Int.random(in: 0..<10, using: &random) == 0 ? Duration.seconds(60) : nil
            return StepPlan(
                source: .input(sizeBytes: Int64.random(in: 1...1000, using: &random)),
                rules: StepRules(needs: needs, timeout: timeout),
                isMerged: Int.random(in: 0..<3, using: &random) == 0
            )
        }
    }
}
