import API

extension Command {
    static let tables = Command(
        "tables",
        "list the tables of the store",
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let tables = try invocation.client().get(TableList.self, Routes.tables).tables
        invocation.print(json: tables) { Listings.text(of: tables) }
        return ExitCode.done
    }

    static let schema = Command(
        "schema",
        "show the columns of a table",
        details: "TABLE is a name of the schema ott, or SCHEMA.TABLE.",
        positionals: [Positional("TABLE")],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let parts = arguments.positionals[0].split(
            separator: ".",
            omittingEmptySubsequences: false
        )
        guard parts.count <= 2, !parts.contains("") else {
            throw arguments.usage("'\(arguments.positionals[0])' is no TABLE or SCHEMA.TABLE")
        }
        let schema = parts.count == 2 ? String(parts[0]) : "ott"
        let path = Routes.table(schema, String(parts[parts.count - 1]))
        let table = try invocation.client().get(TableDescription.self, path)
        invocation.print(json: table) { Listings.text(of: table) }
        return ExitCode.done
    }

    static let snapshots = Command(
        "snapshots",
        "list the versions of the table store, the oldest first",
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let list = try invocation.client().get(SnapshotList.self, Routes.snapshots)
        invocation.print(json: list.snapshots) { Listings.text(of: list.snapshots) }
        return ExitCode.done
    }
}
