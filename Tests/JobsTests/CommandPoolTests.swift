import Base
import Jobs
import Testing

@Suite("A pool whose workers are started by a command")
struct CommandPoolTests {
    private static let start = "start: [run, --name, '{name}']"
    private static let stop = "stop: [end, '{name}']"

    private func pool(_ keys: String) throws -> PoolDeclaration {
        let text = "pools: [{name: a, provider: command, \(keys)}]"
        return try ClusterConfiguration.parse(
            text: text,
            file: "cluster.yaml",
            baseDirectory: "/base"
        ).pools[0]
    }

    @Test("has no workers without a job, unless it is told to")
    func counts() throws {
        let pool = try pool("\(Self.start), \(Self.stop)")
        #expect((pool.workers, pool.minWorkers, pool.maxWorkers) == (0, 1, 8))
        #expect(pool.command?.timeLimit == .seconds(60))
        #expect(pool.command?.hosts == [])
        #expect(try self.pool("\(Self.start), \(Self.stop), workers: 3").workers == 3)
    }

    @Test("every placeholder is replaced within its word, and nothing else is changed")
    func filling() throws {
        let pool = try pool(
            "start: [ssh, '{host}', 'x --name={name} --slots {slots}', '{coordinator}/{pool}', "
                + "'{\"a\": {}}', '{{.Names}} {', '$HOME; `id`'], "
                + "stop: ['{name}'], hosts: [h1, user@h2], command_timeout: 5s"
        )
        let command = try #require(pool.command)
        let words = command.start.filled(with: [
            .name: "ott-a-1-2", .pool: "a", .host: "h1", .coordinator: "10.0.0.1:7077",
            .slots: "4",
        ])
        #expect(
            words == [
                "ssh", "h1", "x --name=ott-a-1-2 --slots 4", "10.0.0.1:7077/a", "{\"a\": {}}",
                "{{.Names}} {", "$HOME; `id`",
            ]
        )
        #expect(command.hosts == ["h1", "user@h2"])
        #expect(command.timeLimit == .seconds(5))
    }

    @Test("a value that looks like a placeholder is not filled in again")
    func onePass() {
        let template = CommandTemplate(words: ["{host}{name}"])
        #expect(template.filled(with: [.host: "{name}", .name: "n"]) == ["{name}n"])
    }

    @Test(
        "what cannot work is refused",
        arguments: [
            (start, "'stop' is missing here"), (stop, "'start' is missing here"),
            ("\(start), stop: [end]", "'stop' must say {name}"),
            ("start: [run], \(stop)", "'start' must say {name}"),
            ("start: [], \(stop)", "of 1 to 256 words"),
            ("start: ['', '{name}'], \(stop)", "of 1 to 256 words"),
            ("start: run, \(stop)", "'start' must be a list"),
            ("start: [run, '{nmae}'], \(stop)", "did you mean 'name'?"),
            ("start: [ssh, '{host}', '{name}'], \(stop)", "one of 'hosts', which are missing"),
            ("\(start), \(stop), hosts: [h]", "'hosts' has no effect"),
            ("\(start), \(stop), hosts: [-oProxyCommand=x]", "is no name of a host"),
            ("\(start), \(stop), hosts: [h, h]", "'h' is listed twice"),
            ("\(start), \(stop), command_timeout: 2h", "from 1s to 1h"),
            ("start: [\"a\\0{name}\"], \(stop)", "zero byte"),
        ]
    )
    func errors(keys: String, message: String) {
        let error = clusterError("pools: [{name: a, provider: command, \(keys)}]")
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "accepted")")
    }

    @Test(
        "the recipes are valid, and give a worker its name",
        arguments: ["ssh", "ssh-systemd", "slurm", "kubernetes", "cloud"]
    )
    func recipes(name: String) throws {
        let path = repositoryRoot + "/examples/pools/\(name).yaml"
        for pool in try ClusterConfiguration.load(path: path).pools {
            let start = try #require(pool.command).start
            for placeholder in CommandTemplate.Placeholder.allCases where placeholder != .host {
                #expect(start.uses(placeholder), "\(placeholder)")
            }
        }
    }

    @Test("its keys are refused of other pools", arguments: ["process", "static"])
    func otherProviders(provider: String) {
        for keys in [Self.start, Self.stop, "hosts: [h]", "command_timeout: 1s"] {
            let error = clusterError("pools: [{name: a, provider: \(provider), \(keys)}]")
            #expect(error?.message.contains("for pools with the provider command") == true)
        }
    }
}
