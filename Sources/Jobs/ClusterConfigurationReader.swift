import Base
import Ingestion

/// Turns the nodes of `cluster.yaml` into a `ClusterConfiguration`, checking every value.
///
/// One method a part of the file. A missing part is read as a mapping without entries, so that
/// each default is written in one place only.
struct ClusterConfigurationReader {
    /// The absolute path that relative ones count from.
    let baseDirectory: String

    /// Bounds of the times; guesses, wide enough for tests and for patience.
    enum Bounds {
        static let heartbeat: ClosedRange<Duration> = .milliseconds(50) ... .seconds(60)
        static let lostAfter: ClosedRange<Duration> = .milliseconds(100) ... .seconds(3600)
        static let waiting: ClosedRange<Duration> = .zero ... .seconds(7 * day)
        static let retention: ClosedRange<Duration> = .seconds(1) ... .seconds(36_500 * day)
        /// A worker that comes too late to renew joins anew: seconds are for tests.
        static let workerCertificates: ClosedRange<Duration> = .seconds(2) ... .seconds(90 * day)
        static let attempts = 1...100
        static let workers = 0...1024
        static let tasksPerWorker = 1...1_000_000
        static let reserve: ClosedRange<Int64> = 0...(1 << 50)
        static let pools = 64
        static let commandWords = 1...256
        static let commandTimeLimit: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
        private static let day: Int64 = 86_400
    }

    func read(_ node: YAMLNode) throws(ConfigurationError) -> ClusterConfiguration {
        let root = try YAMLMapping(
            node,
            "the file",
            keys: [
                "cluster", "region", "listen", "state", "storage", "catalog", "security", "pools",
                "scheduler", "jobs", "sources", "downloads", "retention", "dataproc",
            ]
        )
        let security = try security(root["security"])
        let storage = try storage(root["storage"])
        return ClusterConfiguration(
            cluster: try hyphenatedName(root, "cluster", default: "ott"),
            region: try hyphenatedName(root, "region", default: "local"),
            listen: try listen(root["listen"], security),
            stateDirectory: try path(root, "state", default: "var/state"),
            storage: storage,
            catalog: try catalog(root["catalog"]),
            security: security,
            pools: try pools(root["pools"]),
            scheduler: try scheduler(root["scheduler"]),
            jobs: try jobDirectories(root),
            sources: try sourceFiles(root),
            downloads: try downloads(root["downloads"]),
            retention: try retention(root["retention"]),
            dataproc: try dataproc(root["dataproc"], storage)
        )
    }

    /// Three folders; in one, the expiry of one store would delete what another still needs.
    private func storage(
        _ node: YAMLNode?
    ) throws(ConfigurationError) -> ClusterConfiguration.Storage {
        let mapping = try mapping(node, "storage", keys: ["raw", "tables", "archive"])
        let storage = ClusterConfiguration.Storage(
            raw: try path(mapping, "raw", default: "var/raw"),
            tables: try path(mapping, "tables", default: "var/store"),
            archive: try path(mapping, "archive", default: "var/archive")
        )
        guard Set([storage.raw, storage.tables, storage.archive]).count == 3 else {
            throw mapping.location.error("'raw', 'tables' and 'archive' must be different folders")
        }
        return storage
    }

    private func catalog(
        _ node: YAMLNode?
    ) throws(ConfigurationError) -> ClusterConfiguration.CatalogKind {
        guard let node else { return .sqlite }
        let text = try node.text("catalog")
        if text == "sqlite" { return .sqlite }
        throw node.error(
            text.hasPrefix("postgres")
                ? "a PostgreSQL catalog is not available yet; write 'catalog: sqlite'"
                : "'catalog' must be sqlite, not '\(text)'"
        )
    }

    private func scheduler(_ node: YAMLNode?) throws(ConfigurationError) -> SchedulerSettings {
        let mapping = try mapping(
            node,
            "scheduler",
            keys: [
                "chunk", "max_attempts", "heartbeat", "lost_after", "fallback_after",
                "queue_timeout", "speculate", "reserve",
            ]
        )
        var settings = SchedulerSettings()
        let chunk = Limits.chunkSizeBytes
        let chunkRange = Int64(chunk.lowerBound)...Int64(chunk.upperBound)
        settings.chunkSizeBytes =
            try mapping.size("chunk", in: chunkRange) ?? settings.chunkSizeBytes
        settings.maxAttempts =
            try mapping.integer("max_attempts", in: Bounds.attempts) ?? settings.maxAttempts
        settings.heartbeat = try mapping.duration(
            "heartbeat",
            default: settings.heartbeat,
            in: Bounds.heartbeat
        )
        settings.lostAfter = try mapping.duration(
            "lost_after",
            default: settings.lostAfter,
            in: Bounds.lostAfter
        )
        settings.fallbackAfter = try mapping.duration(
            "fallback_after",
            default: settings.fallbackAfter,
            in: Bounds.waiting
        )
        settings.queueTimeout = try mapping.duration(
            "queue_timeout",
            default: settings.queueTimeout,
            in: Bounds.waiting
        )
        settings.speculate = try mapping.boolean("speculate", default: settings.speculate)
        settings.reserveBytes = try mapping.size("reserve", in: Bounds.reserve)
        // One late heartbeat must not look like a death.
        guard settings.lostAfter >= settings.heartbeat * 2 else {
            let place = mapping["lost_after"] ?? mapping["heartbeat"]
            throw (place?.location ?? mapping.location).error(
                "'lost_after' is \(Units.text(settings.lostAfter)); it must be at least twice "
                    + "'heartbeat', \(Units.text(settings.heartbeat))"
            )
        }
        return settings
    }

    private func retention(
        _ node: YAMLNode?
    ) throws(ConfigurationError) -> ClusterConfiguration.Retention {
        let mapping = try mapping(
            node,
            "retention",
            keys: ["jobs", "logs", "versions", "archive", "archive_versions"]
        )
        func days(_ key: String, _ days: Int64) throws(ConfigurationError) -> Duration {
            try mapping.duration(key, default: .seconds(days * 86_400), in: Bounds.retention)
        }
        return ClusterConfiguration.Retention(
            jobs: try days("jobs", 90),
            logs: try days("logs", 30),
            versions: try days("versions", 30),
            archive: try days("archive", 90),
            archiveVersions: try mapping.integer("archive_versions", in: 0...1000) ?? 10
        )
    }

    /// Folders that must exist: a misspelt one would silently offer no jobs.
    private func jobDirectories(_ root: YAMLMapping) throws(ConfigurationError) -> [String] {
        var directories: [String] = []
        for (_, node) in try root.texts("jobs") {
            let directory = try path(node, "jobs")
            guard ConfigurationFile.isDirectory(directory) else {
                throw node.error("no such folder of job files: \(directory)")
            }
            guard !directories.contains(directory) else {
                throw node.error("the folder \(directory) is listed twice")
            }
            directories.append(directory)
        }
        return directories
    }
}

// Values of several parts.
extension ClusterConfigurationReader {
    /// The mapping under a key of the file; a missing one has no entries, which means the defaults.
    func mapping(
        _ node: YAMLNode?,
        _ key: String,
        keys: [String]
    ) throws(ConfigurationError) -> YAMLMapping {
        guard let node else {
            return YAMLMapping(entries: [], location: SourceLocation(file: "defaults"))
        }
        return try YAMLMapping(node, "'\(key)'", keys: keys)
    }

    private func hyphenatedName(
        _ mapping: YAMLMapping,
        _ key: String,
        default value: String
    ) throws(ConfigurationError) -> String {
        guard let node = mapping[key] else { return value }
        return try hyphenatedName(node, key)
    }

    /// Clusters, regions and pools are named as clouds name theirs: hyphens count as letters.
    func hyphenatedName(
        _ node: YAMLNode,
        _ key: String
    ) throws(ConfigurationError) -> String {
        let text = try node.text(key)
        guard Names.isValidHyphenated(text) else {
            throw node.error(
                "'\(key)' must begin with a letter a-z and hold only a-z, 0-9, _ and -, at most "
                    + "63, not '\(text)'"
            )
        }
        return text
    }

    private func path(
        _ mapping: YAMLMapping,
        _ key: String,
        default value: String
    ) throws(ConfigurationError) -> String {
        guard let node = mapping[key] else {
            return ConfigurationFile.absolute(value, in: baseDirectory)
        }
        return try path(node, key)
    }

    func path(_ node: YAMLNode, _ key: String) throws(ConfigurationError) -> String {
        let text = try node.text(key)
        guard !text.isEmpty, !text.unicodeScalars.contains(where: \.isControl) else {
            throw node.error("'\(key)' must be a path without control characters")
        }
        guard !text.hasPrefix("~") else {
            throw node.error("'\(key)': ~ is not expanded; write the whole path, or ./~ if meant")
        }
        guard !text.contains("://") else {
            throw node.error("'\(key)' must be a path of this machine, not '\(text)'")
        }
        return ConfigurationFile.absolute(text, in: baseDirectory)
    }
}
