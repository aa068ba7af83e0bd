import API
import Base
import Wire

/// What `otjob version --json` prints.
private struct Versions: Encodable {
    let client: VersionInfo
    /// Nil where no coordinator is reachable.
    let coordinator: VersionInfo?

    private enum CodingKeys: String, CodingKey { case client, coordinator }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(client, forKey: .client)
        try container.encode(coordinator, forKey: .coordinator)
    }
}

extension Command {
    static let version = Command(
        "version",
        "print the versions of this program and of the coordinator",
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let client = VersionInfo(version: productVersion, protocolVersion: Int(protocolVersion))
        let coordinator: VersionInfo?
        do throws(CLIError) {
            coordinator = try invocation.client().get(VersionInfo.self, Routes.version)
        } catch {
            // Without a coordinator there is still a version to tell.
            guard case .unreachable = error else { throw error }
            coordinator = nil
        }
        invocation.print(json: Versions(client: client, coordinator: coordinator)) {
            "client       \(text(of: client))\n"
                + "coordinator  \(coordinator.map(text) ?? "not reachable")\n"
        }
        return ExitCode.done
    }

    private static func text(of version: VersionInfo) -> String {
        "\(version.version) (protocol \(version.protocolVersion))"
    }

    static let completion = Command(
        "completion",
        "print the completion script for bash or zsh",
        details:
            "Into ~/.local/share/bash-completion/completions/otjob, or as _otjob into a folder "
            + "of zsh's fpath.",
        positionals: [Positional("SHELL")]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        switch arguments.positionals[0] {
        case "bash": invocation.terminal.print(Completion.bash(CommandLineTool.commands))
        case "zsh": invocation.terminal.print(Completion.zsh(CommandLineTool.commands))
        default: throw arguments.usage("SHELL is bash or zsh")
        }
        return ExitCode.done
    }
}
