import Base

/// From where may be downloaded, and how much: failure-model.md section 4, «Downloads».
package struct DownloadPolicy: Sendable, Equatable {
    /// Hosts that are reached by https, at public addresses only; `HOST`, or `HOST:PORT`.
    package var hosts: [String]
    /// Hosts that are reached by http, too, and at any address: mirrors in one's own network.
    package var insecureHosts: [String]
    /// The largest file that is taken.
    package var maximumSizeBytes: Int64
    /// Tries in a row that bring nothing, after which a download has failed.
    package var tries: Int
    /// The wait after the first of them; doubled each time.
    package var retryDelay: Duration
    /// A source that sends less than this in a second, for so long, is given up, to be tried again.
    package var slowBytesPerSecond: Int64
    /// In whole seconds.
    package var slowTime: Duration

    package init(
        hosts: [String],
        insecureHosts: [String] = [],
        maximumSizeBytes: Int64 = 64 << 30,
        tries: Int = 5,
        retryDelay: Duration = .seconds(1),
        slowBytesPerSecond: Int64 = 1024,
        slowTime: Duration = .seconds(30)
    ) {
        self.hosts = hosts
        self.insecureHosts = insecureHosts
        self.maximumSizeBytes = maximumSizeBytes
        self.tries = tries
        self.retryDelay = retryDelay
        self.slowBytesPerSecond = slowBytesPerSecond
        self.slowTime = slowTime
    }

    /// Redirections followed, each checked like the first address.
    static let redirects = 3
    /// Requests of one download in all, however much each brings: 64 GiB in pieces of 300 MiB.
    static let requests = 200
    /// Times a download begins anew because its source changed meanwhile.
    static let restarts = 3
    /// A try that brings so much was worth it, and the count of tries begins anew.
    static let worthwhileSizeBytes: Int64 = 1 << 20
    /// The longest wait between two tries, unless the source asks for more.
    static let lastRetryDelay = Duration.seconds(60)
    /// The longest wait that a source may ask for: after more, a try of its own is worth it.
    static let longestRetryAfter = Duration.seconds(600)

    /// Time to connect, with name and TLS.
    package static let connectTimeout = Duration.seconds(20)

    /// Why an address is not downloaded from; nil when it is.
    package func refusal(of address: SourceAddress) -> String? {
        if insecureHosts.contains(address.authority) { return nil }
        guard hosts.contains(address.authority) else {
            return "\(address.authority) is not among downloads.hosts of cluster.yaml, which has "
                + (hosts + insecureHosts).joined(separator: ", ")
        }
        guard address.isEncrypted else {
            return "\(address) is not encrypted; write https://, or add \(address.authority) to "
                + "downloads.insecure_hosts"
        }
        return nil
    }

    /// Whether the host may only be reached at public addresses.
    package func mustBePublic(_ address: SourceAddress) -> Bool {
        !insecureHosts.contains(address.authority)
    }
}
