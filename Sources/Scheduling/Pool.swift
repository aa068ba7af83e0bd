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

    package init(
        id: PoolID,
        startsWorkers: Bool,
        workers: Int,
        minWorkers: Int,
        maxWorkers: Int,
        acquireTimeout: Duration
    ) {
        self.id = id
        self.startsWorkers = startsWorkers
        self.workers = workers
        self.minWorkers = minWorkers
        self.maxWorkers = maxWorkers
        self.acquireTimeout = acquireTimeout
    }
}

/// A pool in the scheduler: how many workers it has, wants and waits for.
package struct Pool: Sendable {
    /// What pools are shown as.
    package enum State: Sendable, Equatable { case empty, acquiring, active, ready, exhausted }

    package let settings: PoolSettings
    /// Workers the pool should have; `scale` changes it.
    package internal(set) var wantedWorkers: Int
    package internal(set) var workers: Set<WorkerID> = []
    /// Why the pool could not be had, when it could not.
    package internal(set) var exhaustedReason: String?

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
    /// After this an exhausted pool is tried again.
    var retryAfter: Instant?
    var hadWorkers = false
    var lastLaunchFailure: String?

    /// Back-off between starts of workers that end at once; product.md section 3.
    static let firstLaunchDelay = Duration.milliseconds(100)
    static let lastLaunchDelay = Duration.seconds(30)

    init(settings: PoolSettings) {
        self.settings = settings
        wantedWorkers = settings.startsWorkers ? settings.workers : 0
    }
}
