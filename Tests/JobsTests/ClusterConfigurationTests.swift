import Base
import Glibc
import Ingestion
import Jobs
import Testing

@Suite("cluster.yaml")
struct ClusterConfigurationTests {
    private static func parse(_ text: String) throws -> ClusterConfiguration {
        try ClusterConfiguration.parse(text: text, file: "cluster.yaml", baseDirectory: "/base")
    }

    @Test("that says nothing means one process pool and stores below the base folder")
    func defaults() throws {
        let configuration = try Self.parse("{}")
        #expect(configuration.cluster == "ott")
        #expect(configuration.region == "local")
        #expect(configuration.listen.workers == "127.0.0.1:7077")
        #expect(configuration.listen.http == "127.0.0.1:8080")
        #expect(configuration.stateDirectory == "/base/var/state")
        #expect(configuration.storage.raw == "/base/var/raw")
        #expect(configuration.storage.tables == "/base/var/store")
        #expect(configuration.storage.archive == "/base/var/archive")
        #expect(configuration.catalog == .sqlite)
        #expect(configuration.security.tls == .auto)
        #expect(configuration.security.tokenFile == nil)
        #expect(configuration.scheduler == SchedulerSettings())
        #expect(configuration.jobs.isEmpty)
        #expect(configuration.retention.jobs == .seconds(90 * 86_400))
        #expect(configuration.retention.logs == .seconds(30 * 86_400))
        #expect(configuration.retention.versions == .seconds(30 * 86_400))
        #expect(
            configuration.pools == [
                PoolDeclaration(
                    name: PoolID("zone-a"),
                    provider: .process,
                    workers: 2,
                    minWorkers: 1,
                    maxWorkers: 8,
                    slots: 1,
                    acquireTimeout: .seconds(30)
                )
            ]
        )
    }

    @Test("with certificates both ports may be anywhere, and speak TLS there")
    func certificates() throws {
        let folder = try TemporaryFolder()
        _ = try folder.makeFolder("keys")
        for name in ["ca.pem", "ca.key", "coordinator.pem"] {
            _ = try folder.write("keys/\(name)", "checked when it is used")
        }
        func parse(_ listen: String, _ security: String = "") throws -> ClusterConfiguration {
            try ClusterConfiguration.parse(
                text: "listen: {\(listen)}\nsecurity: {directory: keys\(security)}",
                file: "cluster.yaml",
                baseDirectory: folder.path
            )
        }
        let open = try parse("http: '0.0.0.0:8080'")
        #expect(open.httpUsesTLS)
        #expect(open.security.directory == folder.path + "/keys")
        #expect(open.security.tokenFile == folder.path + "/keys/token")
        #expect(try !parse("http: '127.0.0.1:1'").httpUsesTLS)
        #expect(try parse("http: '127.0.0.1:1'", ", tls: required").httpUsesTLS)
        #expect(try parse("workers: '0.0.0.0:7077'").workersUseTLS)
        #expect(try !parse("http: '0.0.0.0:8080'").workersUseTLS)
        #expect(try parse("http: '127.0.0.1:1'", ", tls: required").workersUseTLS)
        #expect(open.security.workerCertificates == .seconds(86_400))
        let short = try parse("http: '127.0.0.1:1'", ", worker_certificates: 90m")
        #expect(short.security.workerCertificates == .seconds(5400))
    }

    @Test("takes over every key")
    func everyKey() throws {
        let folder = try TemporaryFolder()
        let jobs = try folder.makeFolder("jobs")
        let token = try folder.write("token", "secret")
        let configuration = try ClusterConfiguration.parse(
            text: """
                cluster: c-1
                region: r_2
                listen: {workers: "[::1]:1", http: "localhost:0", hosts: [ott.example, "fd00::1"]}
                state: /s
                storage: {raw: ./r//x/, tables: ../t, archive: a}
                catalog: sqlite
                security: {tls: auto, token_file: token}
                pools:
                  - {name: a, provider: process, workers: 0, min_workers: 2, max_workers: 3, slots: 4, acquire_timeout: 0s}
                  - {name: b, provider: static}
                  - {name: c, provider: process, workers: 20}
                  - {name: d, provider: process, max_workers: 1}
                scheduler: {chunk: 64KiB, max_attempts: 1, heartbeat: 100ms, lost_after: 0.5s, fallback_after: 1s, queue_timeout: 1h, speculate: false, reserve: 1GiB}
                jobs: [jobs]
                retention: {jobs: 1s, logs: 2m, versions: 3h}
                """,
            file: "cluster.yaml",
            baseDirectory: folder.path
        )
        #expect(configuration.cluster == "c-1")
        #expect(configuration.region == "r_2")
        #expect(configuration.listen.workers == "[::1]:1")
        #expect(configuration.listen.http == "localhost:0")
        #expect(configuration.listen.hosts == ["ott.example", "fd00::1"])
        #expect(configuration.stateDirectory == "/s")
        #expect(configuration.storage.raw == folder.path + "/r/x")
        #expect(configuration.storage.tables == folder.path + "/../t")
        #expect(configuration.security.tokenFile == token)
        #expect(configuration.jobs == [jobs])
        #expect(configuration.retention.logs == .seconds(120))
        #expect(configuration.pools.map(\.name.rawValue) == ["a", "b", "c", "d"])
        #expect(configuration.pools.map(\.provider) == [.process, .static, .process, .process])
        #expect(configuration.pools.map(\.workers) == [0, 0, 20, 1])
        #expect(configuration.pools.map(\.minWorkers) == [2, 1, 1, 1])
        #expect(configuration.pools.map(\.maxWorkers) == [3, 1024, 20, 1])
        #expect(configuration.pools[0].slots == 4)
        #expect(configuration.pools[0].acquireTimeout == .zero)
        var scheduler = SchedulerSettings()
        scheduler.chunkSizeBytes = 65_536
        scheduler.maxAttempts = 1
        scheduler.heartbeat = .milliseconds(100)
        scheduler.lostAfter = .milliseconds(500)
        scheduler.fallbackAfter = .seconds(1)
        scheduler.queueTimeout = .seconds(3600)
        scheduler.speculate = false
        scheduler.reserveBytes = 1 << 30
        #expect(configuration.scheduler == scheduler)
    }

    @Test("is read from a file, whose folder relative paths count from")
    func load() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("cluster.yaml", "state: here\n")
        let configuration = try ClusterConfiguration.load(path: path)
        #expect(configuration.stateDirectory == folder.path + "/here")
    }

    @Test("may be left out: the defaults count from the current folder")
    func loadDefaults() throws {
        let current = try #require(getcwd(nil, 0))
        defer { free(current) }
        let configuration = try ClusterConfiguration.load(path: nil)
        #expect(configuration.stateDirectory == String(cString: current) + "/var/state")
        #expect(configuration.pools.map(\.name.rawValue) == ["zone-a"])
    }

    @Test("at the repository's root loads")
    func shipped() throws {
        let configuration = try ClusterConfiguration.load(path: repositoryRoot + "/cluster.yaml")
        #expect(configuration.pools.map(\.name.rawValue) == ["zone-a", "zone-b"])
        #expect(configuration.scheduler == SchedulerSettings())
        #expect(configuration.storage.tables == repositoryRoot + "/var/store")
    }

    @Test("that cannot be read is named with the reason")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        let bad = try folder.write("bad.yaml", [0x61, 0x0A, 0x62, 0xFF])
        let large = try folder.write("large.yaml", [UInt8](repeating: 0x20, count: 262_145))
        let cases = [
            (folder.path + "/none.yaml", "none.yaml: cannot be opened: No such file"),
            (folder.path, "is not a regular file"),
            (bad, "bad.yaml:2:2: not UTF-8"),
            (large, "is longer than 262144 bytes"),
        ]
        for (path, message) in cases {
            let error = #expect(throws: ConfigurationError.self) {
                _ = try ClusterConfiguration.load(path: path)
            }
            #expect(error?.description.contains(message) == true)
        }
    }

    @Test(
        "that is wrong is refused with line, column and reason",
        arguments: [
            ("# nothing", 0, 0, "is empty"),
            ("- a", 1, 1, "the file must be a mapping {key: value, …}, not a list"),
            ("workes: 1", 1, 1, "unknown key 'workes'"),
            ("cluster: a\nregio: b", 2, 1, "did you mean 'region'?"),
            ("cluster: Ott", 1, 10, "only a-z, 0-9, _ and -"),
            ("region: -a", 1, 9, "must begin with a letter"),
            ("listen: x", 1, 9, "'listen' must be a mapping"),
            ("listen: {http: '8080'}", 1, 16, "must be HOST:PORT"),
            ("listen: {hosts: [a.example, 'b.example:80']}", 1, 29, "without a port"),
            ("listen: {hosts: ['http://b']}", 1, 18, "without a port"),
            ("listen: {http: '::1:80'}", 1, 16, "must be HOST:PORT"),
            ("listen: {http: 'localhost:65536'}", 1, 16, "must be HOST:PORT"),
            ("listen: {http: ':80'}", 1, 16, "must be HOST:PORT"),
            ("listen: {http: '0.0.0.0:80'}", 1, 16, "otjob cluster init"),
            ("listen: {workers: '10.0.0.1:7'}", 1, 19, "listen on 127.0.0.1:7"),
            ("listen: {workers: '127.0.0.1.example.org:7'}", 1, 19, "otjob cluster init"),
            ("listen: {workers: '127.1:7'}", 1, 19, "otjob cluster init"),
            ("listen: {workers: 'h:1', port: 2}", 1, 26, "unknown key 'port'"),
            ("listen: {workers: 'localhost:1', http: 'localhost:1'}", 1, 9, "different ports"),
            ("state: ''", 1, 8, "must be a path"),
            ("state: ~/x", 1, 8, "~ is not expanded"),
            ("storage: {raw: 's3://b/x'}", 1, 16, "a path of this machine"),
            ("storage: {raw: x, tables: ./x}", 1, 10, "must be different folders"),
            ("catalog: postgres://db", 1, 10, "PostgreSQL catalog is not available yet"),
            ("catalog: mysql", 1, 10, "must be sqlite, not 'mysql'"),
            ("security: {tls: off}", 1, 17, "must be auto or required, not 'off'"),
            ("security: {tls: required}", 1, 17, "needs 'directory'"),
            ("security: {directory: none}", 1, 23, "/base/none/ca.pem cannot be read"),
            ("security: {token_file: none}", 1, 24, "cannot be read: /base/none"),
            ("jobs: jobs", 1, 7, "'jobs' must be a list"),
            ("jobs: [none]", 1, 8, "no such folder of job files: /base/none"),
            ("jobs: [/tmp, /tmp/]", 1, 14, "is listed twice"),
            ("jobs: [[a]]", 1, 8, "an element of 'jobs' must be a single value"),
        ]
    )
    func errors(text: String, line: Int, column: Int, message: String) {
        let error = clusterError(text)
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "accepted")")
    }

    @Test(
        "with a wrong pool is refused with the place in its line",
        arguments: [
            ("[]", 8, "from 1 to 64 pools"),
            ("{name: a}", 8, "'pools' must be a list"),
            ("[{provider: process}]", 9, "'name' is missing here"),
            ("[{name: a}]", 9, "'provider' is missing here"),
            ("[{name: A, provider: process}]", 16, "'name' must begin"),
            ("[{name: a, provider: cloud}]", 29, "static or command, not 'cloud'"),
            ("[{name: a, provider: static, workers: 1}]", 37, "has no effect on a static pool"),
            ("[{name: a, provider: static, slots: 1}]", 37, "has no effect on a static pool"),
            ("[{name: a, provider: process, workes: 1}]", 38, "did you mean 'workers'?"),
            ("[{name: a, provider: process, workers: 1025}]", 47, "from 0 to 1024"),
            ("[{name: a, provider: process, workers: 9, max_workers: 8}]", 47, "'workers' is 9"),
            ("[{name: a, provider: process, min_workers: 9}]", 51, "'min_workers' is 9"),
            ("[{name: a, provider: process, min_workers: 0}]", 51, "from 1 to 1024"),
            ("[{name: a, provider: process, slots: 65}]", 45, "from 1 to 64"),
            ("[{name: a, provider: process, acquire_timeout: 30}]", 55, "a time with its unit"),
            ("[{name: a, provider: static}, {name: a, provider: static}]", 38, "are named 'a'"),
        ]
    )
    func poolErrors(pools: String, column: Int, message: String) {
        let error = clusterError("pools: " + pools)
        #expect(error?.line == 1)
        #expect(error?.column == column)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "accepted")")
    }

    @Test(
        "with a wrong setting is refused with the range or the units",
        arguments: [
            ("scheduler: {chunk: 16MB}", "such as 512B, 64KiB, 16MiB or 1GiB, not '16MB'"),
            ("scheduler: {chunk: 63KiB}", "'chunk' is 63KiB; it must be from 64KiB to 256MiB"),
            ("scheduler: {chunk: 1GiB}", "from 64KiB to 256MiB"),
            ("scheduler: {max_attempts: 0}", "from 1 to 100"),
            ("scheduler: {heartbeat: 2}", "such as 500ms, 2s, 10m, 1h or 90d, not '2'"),
            ("scheduler: {heartbeat: 10ms}", "'heartbeat' is 10ms; it must be from 50ms to 1m"),
            ("scheduler: {lost_after: 3s}", "at least twice 'heartbeat', 2s"),
            ("scheduler: {heartbeat: 20s}", "'lost_after' is 30s; it must be at least twice"),
            ("scheduler: {queue_timeout: 8d}", "from 0s to 7d"),
            ("scheduler: {speculate: on}", "true or false, not 'on'"),
            ("scheduler: {reserve: 5%}", "a whole size"),
            ("scheduler: {lost: 1s}", "unknown key 'lost'"),
            ("retention: {jobs: 0s}", "'jobs' is 0s; it must be from 1s"),
            ("retention: {versions: 90days}", "not '90days'"),
        ]
    )
    func settingErrors(text: String, message: String) {
        let error = clusterError(text)
        #expect(error?.line == 1)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "accepted")")
    }

    @Test("errors read like a compiler's")
    func description() {
        let text = "cluster: a\n\npools:\n  - {name: a, provider: static, slot: 2}\n"
        #expect(
            clusterError(text)?.description
                == "cluster.yaml:4:33: unknown key 'slot'; did you mean 'slots'? known keys of a "
                + "pool are name, provider, workers, min_workers, max_workers, slots, "
                + "acquire_timeout, autoscale, start, stop, hosts, command_timeout"
        )
    }
}

@Suite("cluster.yaml says from where files may come")
struct DownloadsTests {
    @Test("without a word only the shipped sources' host is asked")
    func defaults() throws {
        let downloads = try parse("{}").downloads
        #expect(downloads.hosts == ["datasets.imdbws.com"])
        #expect(downloads.insecureHosts.isEmpty)
    }

    @Test("hosts, bounds and the archive's limits are read")
    func read() throws {
        let configuration = try parse(
            """
            downloads: {hosts: ["a.example:8443"], insecure_hosts: ["10.0.0.1:80"], max_size: 1GiB,
                        tries: 2, retry_delay: 10ms, slow_rate: 2KiB, slow_time: 7s}
            retention: {archive: 7d, archive_versions: 0}
            """
        )
        #expect(configuration.downloads.hosts == ["a.example:8443"])
        #expect(configuration.downloads.insecureHosts == ["10.0.0.1:80"])
        #expect(configuration.downloads.maximumSizeBytes == 1 << 30)
        #expect(configuration.downloads.tries == 2)
        #expect(configuration.downloads.retryDelay == .milliseconds(10))
        #expect(configuration.downloads.slowBytesPerSecond == 2048)
        #expect(configuration.downloads.slowTime == .seconds(7))
        #expect(configuration.retention.archive == .seconds(7 * 86_400))
        #expect(configuration.retention.archiveVersions == 0)
    }

    @Test(
        "what is no host is refused, and so is a file of sources that is not there",
        arguments: [
            #"downloads: {hosts: ["https://a.example"]}"#, #"downloads: {hosts: ["A.example"]}"#,
            #"downloads: {hosts: ["a/b"]}"#, #"downloads: {insecure_hosts: ["*"]}"#,
            "downloads: {tries: 0}", "downloads: {max_size: 0B}", "downloads: {slow_time: 10ms}",
            "downloads: {slow_rate: 0B}", "sources: [nowhere.yaml]",
        ]
    )
    func refused(text: String) {
        #expect(throws: ConfigurationError.self) { try parse(text) }
    }

    private func parse(_ text: String) throws -> ClusterConfiguration {
        try ClusterConfiguration.parse(text: text, file: "cluster.yaml", baseDirectory: "/base")
    }
}
