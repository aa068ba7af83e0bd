import CLI
import Testing

@Suite("Commands")
struct CommandTests {
    @Test(
        "no name stands twice, only the last positional repeats, and those that may be left out stand last"
    )
    func declarations() {
        let commands = CommandLineTool.commands
        #expect(Set(commands.map(\.name)).count == commands.count)
        for command in commands {
            #expect(Set(command.flags.map(\.name)).count == command.flags.count)
            #expect(command.positionals.dropLast().allSatisfy { !$0.repeats })
            #expect(!command.positionals.drop { $0.required }.contains { $0.required })
            #expect(!command.summary.isEmpty && !command.summary.hasSuffix("."))
        }
    }

    @Test("every command that product.md names is there")
    func product() {
        let names = Set(CommandLineTool.commands.map(\.name))
        let expected: Set = [
            "up", "down", "coordinator", "worker", "submit", "list", "status", "watch", "cancel",
            "logs", "explain", "workers", "pools", "scale", "drain", "sample", "tables", "schema",
            "query", "snapshots", "version",
        ]
        #expect(expected.isSubset(of: names))
    }

    @Test("every listing takes --json")
    func listings() {
        let listings: Set = [
            "submit", "list", "status", "watch", "explain", "workers", "pools", "tables", "schema",
            "query", "snapshots", "token", "version",
        ]
        for command in CommandLineTool.commands where listings.contains(command.name) {
            #expect(command.flags.contains { $0.name == "json" }, "\(command.name)")
        }
    }
}
