import API

/// The program: finds the command and runs it.
package struct CommandLineTool: Sendable {
    private let programs: Programs

    package init(programs: Programs) { self.programs = programs }

    /// Every command, in the order of the help.
    package static let commands: [Command] = [
        .up, .down, .submit, .list, .status, .watch, .cancel, .logs, .explain, .tables, .schema,
        .query, .views, .quality, .snapshots, .workers, .pools, .scale, .drain, .sample, .index,
        .ingest, .retry, .schedule,
        .coordinator, .worker,
        .cluster, .token,
        .completion, .version,
    ]

    /// Runs the words behind the program's name; returns the exit code.
    package func run(_ words: [String]) -> Int32 {
        let terminal = Terminal(environment: Environment.value)
        do throws(CLIError) {
            return try run(words, terminal)
        } catch {
            terminal.printError(error.description)
            return error.exitCode
        }
    }

    private func run(_ words: [String], _ terminal: Terminal) throws(CLIError) -> Int32 {
        guard let name = words.first else {
            throw .usage("a command is missing", command: nil)
        }
        switch name {
        case "--help", "-h", "help":
            guard name == "help", words.count > 1 else {
                terminal.print(HelpText.overview(Self.commands))
                return ExitCode.done
            }
            terminal.print(HelpText.text(of: try Self.command(named: words[1])))
            return ExitCode.done
        case "--version":
            return try run(["version"], terminal)
        default:
            let command = try Self.command(named: name)
            let arguments = try Arguments(Array(words.dropFirst()), of: command)
            if arguments.has(Flag.help.name) {
                terminal.print(HelpText.text(of: command))
                return ExitCode.done
            }
            let invocation = Invocation(
                arguments: arguments,
                terminal: terminal,
                programs: programs
            )
            return try command.run(invocation)
        }
    }

    private static func command(named name: String) throws(CLIError) -> Command {
        guard let command = commands.first(where: { $0.name == name }) else {
            throw .usage("unknown command '\(name)'", command: nil)
        }
        return command
    }
}
