import API

extension Command {
    static let schema = Command(
        "schema",
        "show the columns of a table",
        details: "TABLE is a name of the schema ott, or SCHEMA.TABLE.",
        positionals: [Positional("TABLE")],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let (schema, name) = try tableName(arguments.positionals[0], arguments)
        let path = Routes.table(schema, name)
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
