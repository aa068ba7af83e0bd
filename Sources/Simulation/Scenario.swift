import Base
import Columns
import Scheduling

/// What a run is about: pools, jobs and their inputs, all drawn from the seed.
struct Scenario {
    struct Step {
        enum Work {
            case table(TableInput)
            case synthetic(SyntheticWork)
        }

        var work: Work
        var rejectLimits = RejectLimits()

        var table: TableInput? {
            if case .table(let input) = work { input } else { nil }
        }
    }

    struct SyntheticWork {
        var tasks: Int
        var sleep: Duration
        var failAt: Int?
        var crashAt: Int?
    }

    struct Job {
        var steps: [Step]
        var pool: PoolID?
        var submitAfter: Duration
        var cancelAfter: Duration?
        /// Whether nothing about it can make it fail.
        var isSound: Bool
    }

    let pools: [PoolSettings]
    /// By pool.
    let slots: [PoolID: Int]
    private(set) var jobs: [Job]
    let maxAttempts: Int

    /// Whether a task of some job takes workers down, and so may take others' tasks along.
    let hasPoison: Bool

    init(_ dice: Dice, _ faults: FaultPlan) {
        let count = dice.number(1...3)
        var slots: [PoolID: Int] = [:]
        pools = (0..<count).map { index in
            let id = PoolID("zone-\(index)")
            let workers = dice.number(1...3)
            slots[id] = dice.number(1...3)
            return PoolSettings(
                id: id,
                startsWorkers: !dice.once(in: 3),
                workers: workers,
                minWorkers: dice.number(1...workers),
                maxWorkers: workers + 1,
                acquireTimeout: .seconds(5)
            )
        }
        self.slots = slots
        maxAttempts = dice.number(2...4)
        let allowsPoison = !faults.isCalm && dice.once(in: 3)
        jobs = []
        for _ in 0..<dice.number(1...4) {
            jobs.append(Self.job(dice, faults, pools.map(\.id), poison: allowsPoison))
        }
        // One that comes when all is well again, and must be done.
        var probe = Self.job(dice, faults, [], poison: false)
        while !probe.isSound { probe = Self.job(dice, faults, [], poison: false) }
        probe.submitAfter = faults.duration + World.lostAfter * 2
        probe.cancelAfter = nil
        jobs.append(probe)
        hasPoison = jobs.contains { job in
            job.steps.contains { step in
                switch step.work {
                case .table(let input): input.isPoisonous
                case .synthetic(let work): work.crashAt != nil
                }
            }
        }
    }

    private static func job(
        _ dice: Dice,
        _ faults: FaultPlan,
        _ pools: [PoolID],
        poison: Bool
    ) -> Job {
        let steps = (0..<dice.number(1...3)).map { _ in step(dice, faults, poison: poison) }
        let isSound = steps.allSatisfy { step in
            switch step.work {
            case .table(let input): !input.isDamaged && !input.isPoisonous && input.lineCount > 0
            case .synthetic(let work): work.failAt == nil && work.crashAt == nil
            }
        }
        return Job(
            steps: steps,
            pool: dice.once(in: 8) ? dice.pick(pools) : nil,
            submitAfter: dice.milliseconds(0...15_000),
            cancelAfter: faults.isEnabled(.cancel) && dice.once(in: 2)
                ? dice.milliseconds(0...10_000) : nil,
            isSound: isSound
        )
    }

    private static func step(_ dice: Dice, _ faults: FaultPlan, poison: Bool) -> Step {
        guard dice.once(in: 5) else {
            var input = TableInput(dice, poison: poison && dice.once(in: 4))
            if faults.isEnabled(.wrongIndex), dice.once(in: 2) { input.plantWrongIndex(dice) }
            return Step(work: .table(input))
        }
        let tasks = dice.number(1...25)
        return Step(
            work: .synthetic(
                SyntheticWork(
                    tasks: tasks,
                    sleep: dice.once(in: 3) ? .zero : dice.milliseconds(1...300),
                    failAt: dice.once(in: 10) ? dice.number(0...tasks - 1) : nil,
                    crashAt: poison && dice.once(in: 3) ? dice.number(0...tasks - 1) : nil
                )
            )
        )
    }
}

/// The input of a table: numbers, one a line, cut into chunks at fixed places.
struct TableInput {
    struct Chunk {
        var text: [UInt8]
        var firstLine: Int64
        var lineCount: Int64
    }

    /// Where reading fails, as damage of a gzip file does.
    enum Damage: Equatable {
        case header
        /// Within this chunk.
        case chunk(Int)
        /// Behind the last line: only the checksum tells.
        case trailer
    }

    static let declaration = TransformDeclaration(
        columns: [ColumnDeclaration(name: "number", type: .int64)]
    )

    private(set) var chunks: [Chunk] = []
    private(set) var rows: [Int64] = []
    private(set) var rejects: [Int64] = []
    let damage: Damage?
    let isPoisonous: Bool
    let sizeBytes: Int64
    private(set) var wrongIndex: WrongIndex?

    /// A split index that looks right, and says something else than the file.
    struct WrongIndex {
        /// As it cuts the file; what is in them is wrong as well.
        var chunks: [Chunk]
        /// The one with which it is found out.
        var failingChunk: Int
        /// Whether the reader finds it out, or else the worker that inflates it.
        var isMetByReader: Bool
    }

    init(_ dice: Dice, poison: Bool) {
        let count = dice.once(in: 20) ? 0 : dice.number(1...(dice.once(in: 4) ? 24 : 10))
        let poisoned = poison && count > 0 ? dice.number(0...count - 1) : -1
        var line: Int64 = 2
        for index in 0..<count {
            var text: [UInt8] = []
            let lines = dice.number(1...6)
            for _ in 0..<lines {
                let number = Int64(dice.number(0...9999))
                text += Array("\(number)\n".utf8)
                if Self.isRejected(number) { rejects.append(number) } else { rows.append(number) }
            }
            if index == poisoned { text[0] = Self.poison }
            chunks.append(Chunk(text: text, firstLine: line, lineCount: Int64(lines)))
            line += Int64(lines)
        }
        isPoisonous = poisoned >= 0
        switch dice.number(0...29) {
        case 0: damage = .header
        case 1 where count > 0: damage = .chunk(dice.number(0...count - 1))
        case 2, 3: damage = .trailer
        default: damage = nil
        }
        sizeBytes = Int64(chunks.reduce(20) { $0 + $1.text.count })
    }

    /// Other lines than those of the file, cut at other places.
    mutating func plantWrongIndex(_ dice: Dice) {
        var line: Int64 = 2
        var wrong: [Chunk] = []
        for _ in 0..<dice.number(1...chunks.count + 2) {
            // One of the file's own chunks may be among them.
            if dice.once(in: 3), wrong.count < chunks.count {
                wrong.append(chunks[wrong.count])
            } else {
                let lines = dice.number(1...6)
                let text = (0..<lines).flatMap { _ in
                    Array("\(dice.number(10_000...19_999))\n".utf8)
                }
                wrong.append(Chunk(text: text, firstLine: line, lineCount: Int64(lines)))
            }
            line += wrong.last?.lineCount ?? 0
        }
        let failing = dice.number(0...wrong.count - 1)
        let isMetByReader = dice.once(in: 2)
        if !isMetByReader { wrong[failing].text[0] = Self.wrongSlice }
        wrongIndex = WrongIndex(
            chunks: wrong,
            failingChunk: failing,
            isMetByReader: isMetByReader
        )
    }

    var isDamaged: Bool { damage != nil }
    var lineCount: Int64 { chunks.reduce(0) { $0 + $1.lineCount } }

    /// A first byte that takes the worker down.
    static let poison = UInt8(ascii: "!")

    /// A first byte that tells the worker that compressed bytes are not what an index says of them.
    static let wrongSlice = UInt8(ascii: "~")

    /// Stands for a line that does not fit its columns.
    static func isRejected(_ number: Int64) -> Bool { number % 10 == 7 }
}
