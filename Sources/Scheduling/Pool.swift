package import Base

/// A pool as it is configured.
package struct PoolSettings: Sendable, Equatable {
    package var id: PoolID
    /// Whether the coordinator starts the pool's workers itself.
    package var startsWorkers: Bool
    package var workers: Int
    package var minWorkers: Int
    package var maxWorkers: Int
    package var acquireTimeout: Duration
    /// Whether workers cost something while they run: `minWorkers` are started when a job needs
    /// them, and a pool that is given up keeps none.
    package var isOnDemand: Bool
    package var autoscale: Autoscale?

    package init(
        id: PoolID,
        startsWorkers: Bool,
        workers: Int,
        minWorkers: Int,
        maxWorkers: Int,
        acquireTimeout: Duration,
        isOnDemand: Bool = false,
        autoscale: Autoscale? = nil
    ) {
        self.id = id
        self.startsWorkers = startsWorkers
        self.workers = workers
        self.minWorkers = minWorkers
        self.maxWorkers = maxWorkers
        self.acquireTimeout = acquireTimeout
        self.isOnDemand = isOnDemand
        self.autoscale = autoscale
    }
}

/// How a pool follows the number of open tasks, between its `minWorkers` and `maxWorkers`.
package struct Autoscale: Sendable, Equatable {
    /// Open tasks for which there is to be one worker.
    package var tasksPerWorker: Int
    /// How long fewer workers must be enough before any is stopped.
    package var coolDown: Duration

    package init(tasksPerWorker: Int, coolDown: Duration) {
        self.tasksPerWorker = tasksPerWorker
        self.coolDown = coolDown
    }
}

/// A pool in the scheduler: how many workers it has, wants and waits for.
package struct Pool: Sendable {
    /// What pools are shown as.
    package enum State: Sendable, Equatable {
        /// It has no workers, and none are awaited.
        case empty
        /// It has too few workers, and more are awaited.
        case acquiring
        /// Jobs run in it.
        case active
        /// A job could.
        case ready
        /// It was lost, or did not get its workers in time; it is tried again later.
        case exhausted
        /// Its last workers finish what they run.
        case draining
    }

    package let settings: PoolSettings
    /// Workers that the pool should have now.
    package internal(set) var wantedWorkers: Int
    package internal(set) var workers: Set<WorkerID> = []
    /// Why the pool could not be had, when it could not.
    package internal(set) var exhaustedReason: String?
    /// What the number of wanted workers comes from, where it is not the configuration.
    package internal(set) var targetReason: String?

    /// The healthy workers, by load.
    var leasable = WorkerQueue()
    var drainingWorkers = 0
    /// Slots of all workers.
    var slots = 0
    /// Attempts that its workers, also those that are gone, have finished.
    var finishedAttempts = 0
    /// Running jobs that use the pool.
    var jobs = 0

    /// Workers that were started and have not joined yet.
    var launching = 0
    /// Workers of an earlier coordinator that live and are about to come back.
    var expected = 0
    /// After this nobody is expected any more.
    var expectedUntil: Instant?
    /// Workers are not started before this, after some died at once.
    var launchAfter: Instant?
    var launchDelay = Pool.firstLaunchDelay
    /// Since when a job waits for the pool.
    var acquiringSince: Instant?
    /// Whether a job waited for the pool when all were last looked at.
    var isAwaited = false
    /// After this an exhausted pool is tried again.
    var retryAfter: Instant?
    var hadWorkers = false
    package internal(set) var lastLaunchFailure: String?
    /// What `scale` asked for; nil as long as nobody did.
    var scaledTo: Int?
    /// Workers that clients claim; the pool has at least so many.
    var claimedWorkers = 0
    /// When a job last needed the pool.
    var neededAt: Instant?
    var autoscaler = Autoscaler()

    /// Back-off between starts of workers that end at once; product.md section 3.
    static let firstLaunchDelay = Duration.milliseconds(100)
    static let lastLaunchDelay = Duration.seconds(30)
    /// How long workers that were started for a job stay after it, for the next one; a guess.
    static let idleTime = Duration.seconds(60)

    init(settings: PoolSettings) {
        self.settings = settings
        wantedWorkers = settings.startsWorkers ? settings.workers : 0
    }

    /// Whether jobs may run in it.
    package var isUsable: Bool { leasable.count >= max(1, settings.minWorkers) }

    package var healthyWorkers: Int { leasable.count }

    /// Workers that go when they have finished what they run.
    package var leavingWorkers: Int { drainingWorkers }

    /// Slots of a worker, on average.
    package var slotsPerWorker: Int { workers.isEmpty ? 1 : max(1, slots / workers.count) }

    /// Workers that are to stay.
    var members: Int { workers.count - drainingWorkers }

    /// How many workers it has and how many it needs, for people.
    var shortage: String { "\(healthyWorkers) of at least \(settings.minWorkers) workers" }
}

/// Follows the open tasks of a pool: up at once, down when less was enough for a while.
struct Autoscaler: Sendable {
    private var current: Int?
    /// The most workers that were wanted since `lessSince`.
    private var most = 0
    private var lessSince: Instant?

    /// How many workers the pool should have for so many open tasks.
    mutating func workers(
        for tasks: Int,
        _ autoscale: Autoscale,
        within range: ClosedRange<Int>,
        at now: Instant
    ) -> Int {
        let needed = (tasks + autoscale.tasksPerWorker - 1) / autoscale.tasksPerWorker
        let wanted = min(max(needed, range.lowerBound), range.upperBound)
        guard let old = current, wanted < old else {
            current = wanted
            lessSince = nil
            return wanted
        }
        let since = lessSince ?? now
        most = lessSince == nil ? wanted : max(most, wanted)
        lessSince = since
        guard now - since >= autoscale.coolDown else { return old }
        current = most
        lessSince = nil
        return most
    }
}
