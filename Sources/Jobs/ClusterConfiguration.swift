package import Base
package import Ingestion

/// What `cluster.yaml` says; docs/formats/cluster-yaml.md is its reference.
///
/// All paths are absolute.
package struct ClusterConfiguration: Sendable, Equatable {
    /// Addresses as written, `HOST:PORT`; both are loopback where there are no certificates.
    package struct Listen: Sendable, Equatable {
        package let workers: String
        package let http: String
        /// More names that requests may be made to: those of the machine, of a proxy before it.
        package let hosts: [String]
    }

    /// The three stores, as raw, processed and archive buckets.
    package struct Storage: Sendable, Equatable {
        package let raw: String
        package let tables: String
        package let archive: String
    }

    package enum CatalogKind: Sendable, Equatable {
        /// `catalog.sqlite` in the store of tables.
        case sqlite
    }

    package struct Security: Sendable, Equatable {
        /// When the two ports speak TLS.
        package enum TLS: Sendable, Equatable {
            /// Where other machines reach them.
            case auto
            /// On loopback, too.
            case required
        }

        package let tls: TLS
        /// Folder with the authority and the coordinator's certificate; nil where all stays on this
        /// machine.
        package let directory: String?
        /// The file that holds the token of the HTTP API; nil where none is asked for.
        package let tokenFile: String?
        /// How long a worker's certificate is valid; it is renewed before.
        package let workerCertificates: Duration
    }

    /// How long what is over is kept.
    package struct Retention: Sendable, Equatable {
        /// Finished jobs.
        package let jobs: Duration
        /// Logs of attempts and spool files.
        package let logs: Duration
        /// Versions of tables that a newer one replaced.
        package let versions: Duration
        /// Files of the archive store, and how many of each dataset at most.
        package let archive: Duration
        package let archiveVersions: Int
    }

    /// How jobs are read that were written for other clusters.
    package struct Dataproc: Sendable, Equatable {
        /// Names of Python files, without `.py`, and the jobs that do the same.
        package let aliases: [String: String]
        /// Buckets, and the folders that stand for them.
        package let buckets: [String: String]
    }

    package let cluster: String
    package let region: String
    package let listen: Listen
    package let stateDirectory: String
    package let storage: Storage
    package let catalog: CatalogKind
    package let security: Security
    /// In the order in which they are tried; at least one, no name twice.
    package var pools: [PoolDeclaration]
    package let scheduler: SchedulerSettings
    /// Directories whose `*.yaml` are jobs beside the shipped ones.
    package let jobs: [String]
    /// Files of sources beside the shipped ones.
    package let sources: [String]
    package let downloads: DownloadPolicy
    package let retention: Retention
    package let dataproc: Dataproc

    package var httpUsesTLS: Bool { usesTLS(listen.http) }

    package var workersUseTLS: Bool { usesTLS(listen.workers) }

    private func usesTLS(_ address: String) -> Bool {
        security.tls == .required || !ListenAddress.isLoopback(address)
    }

    /// Reads a file, or takes the defaults where there is none.
    ///
    /// Relative paths count from the file's folder, or from the current one where there is no file.
    package static func load(path: String?) throws(ConfigurationError) -> ClusterConfiguration {
        guard let path else {
            let current = try ConfigurationFile.currentDirectory()
            return try parse(text: "{}", file: "defaults", baseDirectory: current)
        }
        return try parse(
            text: try ConfigurationFile.read(path),
            file: path,
            baseDirectory: try ConfigurationFile.directory(of: path)
        )
    }

    /// Reads the text of a file, whose name is only for errors.
    ///
    /// Relative paths count from `baseDirectory`, which must be absolute. The files that the text
    /// names, but not the folders of the stores, must exist.
    package static func parse(
        text: String,
        file: String,
        baseDirectory: String
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let root = try YAMLNode.parse(text: text, file: file)
        return try ClusterConfigurationReader(baseDirectory: baseDirectory).read(root)
    }
}

/// One pool of workers.
package struct PoolDeclaration: Sendable, Equatable {
    package enum Provider: String, Sendable {
        /// The coordinator starts workers on its own machine and keeps their number.
        case process
        /// Workers join by themselves.
        case `static`
        /// The coordinator runs a command for each worker that it starts or stops elsewhere.
        case command
    }

    package let name: PoolID
    package let provider: Provider
    /// Workers that the coordinator keeps; 0 for a static pool.
    package var workers: Int
    /// Healthy workers below which the pool is not used; at least 1.
    package let minWorkers: Int
    package let maxWorkers: Int
    /// Attempts that each started worker runs at a time; those of a static pool bring their own.
    package let slots: Int
    /// How long the pool may take to reach `minWorkers`.
    package let acquireTimeout: Duration
    /// How the number of workers follows that of open tasks; nil where it does not.
    package let autoscale: AutoscaleDeclaration?
    /// Of a pool with the provider `command`, and only of one.
    package let command: CommandDeclaration?

    package init(
        name: PoolID,
        provider: Provider,
        workers: Int,
        minWorkers: Int = 1,
        maxWorkers: Int = 8,
        slots: Int = 1,
        acquireTimeout: Duration = .seconds(30),
        autoscale: AutoscaleDeclaration? = nil,
        command: CommandDeclaration? = nil
    ) {
        self.name = name
        self.provider = provider
        self.workers = workers
        self.minWorkers = minWorkers
        self.maxWorkers = maxWorkers
        self.slots = slots
        self.acquireTimeout = acquireTimeout
        self.autoscale = autoscale
        self.command = command
    }
}

/// The `autoscale` part of a pool.
package struct AutoscaleDeclaration: Sendable, Equatable {
    /// Open tasks for which there is to be one worker.
    package var tasksPerWorker = 4
    /// How long fewer workers must be enough before any is stopped.
    package var coolDown: Duration = .seconds(30)

    package init() {}
}

/// The `scheduler` part of `cluster.yaml`; the defaults are product.md's.
package struct SchedulerSettings: Sendable, Equatable {
    /// Decoded bytes of one chunk.
    package var chunkSizeBytes: Int64 = 8 << 20
    /// Failures of one task that fail its job; the loss of a worker is none.
    package var maxAttempts = 4
    /// Time between two signs of life of a worker.
    package var heartbeat: Duration = .seconds(2)
    /// Silence after which a worker counts as lost.
    package var lostAfter: Duration = .seconds(30)
    /// Time below `minWorkers` after which a job moves to the next pool.
    package var fallbackAfter: Duration = .seconds(10)
    /// Time without any pool after which a job fails.
    package var queueTimeout: Duration = .seconds(600)
    /// Whether slow attempts get a second one beside them.
    package var speculate = true
    /// Free bytes of the disk below which no lease is given; nil: the smaller of 5 % and 2 GiB.
    package var reserveBytes: Int64?

    package init() {}
}
