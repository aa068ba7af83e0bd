import Base
import Ingestion

/// The parts of `cluster.yaml` about where files come from.
extension ClusterConfigurationReader {
    /// Reached without a word in `cluster.yaml`: what the shipped sources name.
    private static let shippedHosts = ["datasets.imdbws.com"]

    private static let sizes: ClosedRange<Int64> = 1...(1 << 50)
    private static let tries = 1...100
    private static let slowRate: ClosedRange<Int64> = 1...(1 << 30)
    private static let slowTime: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
    private static let retryDelay: ClosedRange<Duration> = .milliseconds(1) ... .seconds(3600)

    func downloads(_ node: YAMLNode?) throws(ConfigurationError) -> DownloadPolicy {
        let mapping = try mapping(
            node,
            "downloads",
            keys: [
                "hosts", "insecure_hosts", "max_size", "tries", "retry_delay", "slow_rate",
                "slow_time",
            ]
        )
        var policy = DownloadPolicy(hosts: Self.shippedHosts)
        if mapping["hosts"] != nil { policy.hosts = try hosts(mapping, "hosts") }
        policy.insecureHosts = try hosts(mapping, "insecure_hosts")
        if let size = try mapping.size("max_size", in: Self.sizes) {
            policy.maximumSizeBytes = size
        }
        policy.tries = try mapping.integer("tries", in: Self.tries) ?? policy.tries
        policy.retryDelay = try mapping.duration(
            "retry_delay",
            default: policy.retryDelay,
            in: Self.retryDelay
        )
        if let rate = try mapping.size("slow_rate", in: Self.slowRate) {
            policy.slowBytesPerSecond = rate
        }
        policy.slowTime = try mapping.duration(
            "slow_time",
            default: policy.slowTime,
            in: Self.slowTime
        )
        return policy
    }

    /// Hosts as they stand in URLs, with a port unless it is the scheme's own.
    private func hosts(
        _ mapping: YAMLMapping,
        _ key: String
    ) throws(ConfigurationError) -> [String] {
        var hosts: [String] = []
        for (text, node) in try mapping.texts(key) {
            do throws(SourceAddressError) {
                let address = try SourceAddress("https://\(text)/")
                guard address.authority == text, address.path == "/" else { throw .badHost }
            } catch {
                throw node.error("an element of '\(key)' is HOST or HOST:PORT, not '\(text)'")
            }
            hosts.append(text)
        }
        return hosts
    }

    /// Files that must exist: of a misspelt one the sources would silently be others.
    func sourceFiles(_ root: YAMLMapping) throws(ConfigurationError) -> [String] {
        var files: [String] = []
        for (_, node) in try root.texts("sources") {
            let file = try path(node, "sources")
            guard ConfigurationFile.isReadable(file) else {
                throw node.error("no such file of sources, or it cannot be read: \(file)")
            }
            files.append(file)
        }
        return files
    }
}
