import Base
import Catalog
import Jobs

/// Decides what of the past is forgotten, by time alone; `retention` in cluster.yaml sets it.
///
/// Pure: records and the time in, what is to go out. ``Retention`` carries it out.
struct RetentionPolicy: Sendable, Equatable {
    /// How long jobs are kept after they ended.
    let jobs: Duration
    /// How long their logs and attempts are; with the job they go at the latest.
    let logs: Duration
    /// How long versions of tables are kept after a newer one came.
    let versions: Duration

    /// Time between two looks.
    static let longestInterval = Duration.seconds(3600)
    static let shortestInterval = Duration.seconds(1)
    /// How long files outlive the last version that named them: readers may have begun with it.
    ///
    /// A guess at the longest query. Who keeps versions for less does not expect files for longer.
    static let longestGrace = Duration.seconds(3600)

    /// Often enough that nothing is kept for much longer than it was asked to be.
    var interval: Duration {
        min(max(min(jobs, logs, versions) / 10, Self.shortestInterval), Self.longestInterval)
    }

    /// Jobs that ended before this are forgotten.
    func jobsCutoff(at now: WallTime) -> WallTime { now - jobs }

    /// Jobs that ended before this lose their logs and attempts.
    func logsCutoff(at now: WallTime) -> WallTime { now - min(logs, jobs) }

    /// The versions to be forgotten, at most `limit`, the oldest first.
    ///
    /// A version counts as replaced when the next one was made. The newest stays: it is what
    /// readers see. One without a time, or followed by one, stays until its neighbours are gone.
    func expired(
        _ stamps: [VersionStamp],
        limit: Int,
        at now: WallTime
    ) -> [SnapshotID] {
        let cutoff = now - versions
        var expired: [SnapshotID] = []
        for (version, next) in zip(stamps, stamps.dropFirst()) where expired.count < limit {
            guard version.time != nil, let replaced = next.time, replaced <= cutoff else {
                continue
            }
            expired.append(version.id)
        }
        return expired
    }

    /// The files to be deleted, at most `limit`: scheduled for long enough, and in the data path.
    ///
    /// Files elsewhere were lent to the store by another program; they are left to it.
    func deletable(
        _ files: [ScheduledFile],
        below dataPath: String,
        limit: Int,
        at now: WallTime
    ) -> [ScheduledFile] {
        let cutoff = now - min(versions, Self.longestGrace)
        var deletable: [ScheduledFile] = []
        for file in files where deletable.count < limit {
            guard let since = file.since, since <= cutoff, file.path.hasPrefix(dataPath),
                !file.path.split(separator: "/").contains("..")
            else { continue }
            deletable.append(file)
        }
        return deletable
    }
}

extension RetentionPolicy {
    init(_ retention: ClusterConfiguration.Retention) {
        self.init(jobs: retention.jobs, logs: retention.logs, versions: retention.versions)
    }
}

/// The wall clock as far as it can be trusted, for what would be lost by a leap of it.
///
/// Somebody who sets the clock ten years ahead must not lose ten years of history: within one run
/// of the coordinator the time moves no faster than the monotonic clock.
struct TrustedClock: Sendable {
    /// What a clock that is a little off is corrected by.
    static let tolerance = Duration.seconds(600)

    private let wallStart: WallTime
    private let start: Instant

    init(wall: WallTime, at now: Instant) {
        wallStart = wall
        start = now
    }

    /// The time for decisions on what is old, which is never later than it can be.
    func time(wall: WallTime, at now: Instant) -> WallTime {
        min(wall, wallStart + (now - start) + Self.tolerance)
    }
}
