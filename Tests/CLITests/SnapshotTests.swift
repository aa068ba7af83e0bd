import CLI
import FoundationEssentials
import Testing

/// What is generated from the commands' declarations, against the files that are checked in.
///
/// After a wanted change: `OTJOB_RECORD=1 swift test --filter SnapshotTests`, and read the diff.
@Suite("Snapshots")
struct SnapshotTests {
    @Test("the help of every command is the one checked in")
    func help() throws {
        var text = HelpText.overview(CommandLineTool.commands)
        for command in CommandLineTool.commands { text += "\n" + HelpText.text(of: command) }
        try check(text, against: "Tests/CLITests/Snapshots/help.txt")
    }

    @Test("the completion scripts are the ones checked in")
    func completions() throws {
        let commands = CommandLineTool.commands
        try check(Completion.bash(commands), against: "completions/otjob.bash")
        try check(Completion.zsh(commands), against: "completions/_otjob")
    }

    @Test("lines of the help fit a terminal of 100 columns")
    func width() {
        for command in CommandLineTool.commands {
            for line in HelpText.text(of: command).split(separator: "\n") {
                #expect(line.count <= 100, "\(line)")
            }
        }
    }

    private func check(_ text: String, against file: String) throws {
        let root = #filePath.dropLast("Tests/CLITests/SnapshotTests.swift".count)
        let path = root + file
        if ProcessInfo.processInfo.environment["OTJOB_RECORD"] != nil {
            try Data(text.utf8).write(to: URL(filePath: String(path)))
        }
        let recorded = String(
            decoding: try Data(contentsOf: URL(filePath: String(path))),
            as: UTF8.self
        )
        #expect(text == recorded, "\(file)")
    }
}
