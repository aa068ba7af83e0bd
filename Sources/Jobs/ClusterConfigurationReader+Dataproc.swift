import Base

/// The part of `cluster.yaml` about jobs that were written for other clusters.
extension ClusterConfigurationReader {
    /// Entries of each of the two tables; a guess.
    private static let entriesLimit = 1000
    /// What the names of the programs begin with that the shipped jobs replace.
    private static let shippedPrefix = "transform_"

    private static let shippedJobs = [
        "name_basics", "title_akas", "title_basics", "title_crew", "title_episode",
        "title_principals", "title_ratings",
    ]

    func dataproc(
        _ node: YAMLNode?,
        _ storage: ClusterConfiguration.Storage
    ) throws(ConfigurationError) -> ClusterConfiguration.Dataproc {
        let mapping = try mapping(node, "dataproc", keys: ["aliases", "buckets"])
        var aliases: [String: String] = [:]
        for name in Self.shippedJobs { aliases[Self.shippedPrefix + name] = name }
        for entry in try entries(mapping["aliases"], "aliases") {
            let job = try entry.value.text("aliases")
            guard Names.isValid(job) else {
                throw entry.value.error("'\(job)' cannot be the name of a job")
            }
            aliases[entry.key] = job
        }
        var buckets: [String: String] = [:]
        for entry in try entries(mapping["buckets"], "buckets") {
            let text = try entry.value.text("buckets")
            buckets[entry.key] = text == "raw" ? storage.raw : try path(entry.value, "buckets")
        }
        return ClusterConfiguration.Dataproc(aliases: aliases, buckets: buckets)
    }

    private func entries(
        _ node: YAMLNode?,
        _ key: String
    ) throws(ConfigurationError) -> [YAMLEntry] {
        guard let node else { return [] }
        guard case .mapping(let entries) = node.content else {
            throw node.error("'\(key)' must be a mapping {name: value, …}, not \(node.kind)")
        }
        guard entries.count <= Self.entriesLimit else {
            throw node.error("'\(key)' has more than \(Self.entriesLimit) entries")
        }
        return entries
    }
}
