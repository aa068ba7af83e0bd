import FuzzSupport
import Jobs

/// cluster.yaml: a configuration, or an error with a place in the file.
enum ClusterFilesFuzzer: FuzzTarget {
    private static let seedTexts = [
        """
        cluster: ott
        listen: {workers: "127.0.0.1:7077", http: "[::1]:8080"}
        state: var/state
        storage: {raw: var/raw, tables: /store, archive: var/archive}
        pools:
          - {name: zone-a, provider: process, workers: 2, min_workers: 1, slots: 2}
          - {name: zone-b, provider: static, acquire_timeout: 60s}
        scheduler: {chunk: 16MiB, heartbeat: 500ms, lost_after: 5.5s, reserve: 2GiB}
        retention: {jobs: 90d, logs: 30d, versions: 1h}

        """,
        "{}", "pools: [{name: a, provider: static, max_workers: 9}]\n",
    ]

    static var seeds: [[UInt8]] { seedTexts.map { Array($0.utf8) } }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        let text = FuzzInput(bytes).text
        do throws(ConfigurationError) {
            let configuration = try ClusterConfiguration.parse(
                text: text,
                file: "cluster.yaml",
                baseDirectory: "/nowhere"
            )
            precondition(!configuration.pools.isEmpty, "a cluster without a pool")
        } catch {
            let lines = text.unicodeScalars.count { $0.properties.isPatternWhitespace } + 2
            precondition((0...lines).contains(error.line), "a place outside of the file")
            precondition(!error.message.isEmpty, "an error without a message")
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { ClusterFilesFuzzer.begin() }
