package import Base

/// Everything the scheduler's decisions depend on besides events.
package struct SchedulingSettings: Sendable, Equatable {
    /// Failures of one task before its job fails.
    package var maxAttempts: Int
    /// Silence after which a worker is lost; after a third of it, it gets no new work.
    package var lostAfter: Duration
    /// How long a job's pool may lack workers before the next pool is tried.
    package var fallbackAfter: Duration
    /// How long a job may wait for any pool.
    package var queueTimeout: Duration
    /// Pools in the order in which they are tried.
    package var pools: [PoolSettings]
    /// Number of this reign; the upper half of every attempt's number.
    package var epoch: Int64
    /// Workers of an earlier coordinator that are expected to come back, by pool.
    package var expectedWorkers: [PoolID: Int]
    /// Whether a task that takes much longer than others gets a second attempt beside the first.
    package var speculates: Bool

    package init(
        maxAttempts: Int = 4,
        lostAfter: Duration = .seconds(30),
        fallbackAfter: Duration = .seconds(10),
        queueTimeout: Duration = .seconds(600),
        pools: [PoolSettings],
        epoch: Int64 = 1,
        expectedWorkers: [PoolID: Int] = [:],
        speculates: Bool = true
    ) {
        self.maxAttempts = maxAttempts
        self.lostAfter = lostAfter
        self.fallbackAfter = fallbackAfter
        self.queueTimeout = queueTimeout
        self.pools = pools
        self.epoch = epoch
        self.expectedWorkers = expectedWorkers
        self.speculates = speculates
    }

    /// Silence after which a worker gets no new work.
    var suspectAfter: Duration { lostAfter / 3 }

    /// Workers one task may take down before its job fails; failure-model.md section 3.
    static let workersLostPerTask = 3
    /// Chunks cut ahead of the leases: inflating must never be what workers wait for.
    ///
    /// performance-notes.md: inflate is serial within a file, so at least three.
    static let chunksAhead = 3
    /// Results a slot that may wait for the disk before no more chunks are leased.
    ///
    /// The text of a chunk is kept until its result is durable: without a bound a slow disk would
    /// make memory grow with the input. Two keep a slot busy while a batch is synced.
    static let unstoredResultsPerSlot = 2
    /// After so long a job goes before smaller ones; failure-model.md section 3, «Order».
    static let agingTime = Duration.seconds(600)
    /// After so long without a result the worker of a chunk is taken for lost, heartbeats or not.
    ///
    /// A chunk of 8 MiB takes well under a second; a guess that leaves room for the largest chunks
    /// on slow machines.
    static let leaseTimeout = Duration.seconds(600)
    /// Once it is known how long the chunks of a table take, so many times the median is enough.
    ///
    /// A guess: a chunk is at most as large as its neighbours, and a machine hardly ever slower by
    /// this.
    static let overdueFactor = 30
    /// But never less than this: a machine that swaps or stands still for a minute may come back.
    static let leaseTimeoutFloor = Duration.seconds(60)
    /// Finished attempts of a step before their median is believed.
    static let medianCount = 5
    /// A second attempt is made after so many times the median; Dask and Spark use 1.5 to 3.
    static let lateFactor = 3
    /// At the end of a table, when the rest waits for the slow one, it pays earlier.
    static let lateFactorAtEnd = 2
    /// No second attempt of what takes less than this: starting over would not be faster.
    static let lateFloor = Duration.seconds(1)
    /// The wait before a failed task is tried again; doubled with each of its failures, up to the last.
    static let firstRetryDelay = Duration.milliseconds(250)
    static let lastRetryDelay = Duration.seconds(30)
    /// Actions under way at a time: two downloads fill most links, and one that hangs holds none up.
    package static let actions = 2
    /// How long a restarted coordinator waits for the workers it had before it starts others.
    ///
    /// They knock every 0.2 s (product.md section 3).
    static let adoptionTime = Duration.seconds(1)
}
