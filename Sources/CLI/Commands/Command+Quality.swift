import API

extension Command {
    static let quality = Command(
        "quality",
        "show what the checks of tables came to, the newest last",
        details: "TABLE is a name of the schema ott, or SCHEMA.TABLE. The results are rows of "
            + "ott.data_quality.",
        positionals: [Positional("TABLE", required: false)],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        var condition = ""
        if let text = arguments.positionals.first {
            let (schema, table) = try tableName(text, arguments)
            let name = schema == "ott" ? table : "\(schema).\(table)"
            guard !name.contains("'") else { throw arguments.usage("'\(text)' is no TABLE") }
            condition = "WHERE \"table\" = '\(name)' "
        }
        let tables = try invocation.client().get(TableList.self, Routes.tables).tables
        guard tables.contains(where: { $0.schema == "ott" && $0.table == "data_quality" }) else {
            invocation.print(json: [String]()) { "no check was made yet\n" }
            return ExitCode.done
        }
        return try ask(
            "SELECT checked_at, job, \"table\", \"check\", severity, value, threshold, passed, "
                + "examples FROM ott.data_quality \(condition)ORDER BY checked_at, job, \"table\", "
                + "\"check\"",
            invocation
        )
    }
}
