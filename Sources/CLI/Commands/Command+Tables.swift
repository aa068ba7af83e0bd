import API
import Jobs

extension Command {
    static let tables = Command(
        "tables",
        "list the tables of the store, and keep the store small",
        details:
            "tables [list] lists them. tables expire --older-than AGE forgets versions that were "
            + "replaced longer ago (7d, 12h, 0s); the newest stays. tables vacuum deletes files that "
            + "no version names any more, an hour after they were named last. tables drop TABLE "
            + "ends a table; older versions still show it. tables restore TABLE --version N makes "
            + "the table, and that of its rejected rows, what they were in version N, also after a "
            + "drop; no row is copied. tables compact [TABLE] makes few files of the many small ones "
            + "that appends left; row groups stay as they are.",
        positionals: [
            Positional("ACTION", required: false), Positional("TABLE", required: false),
        ],
        flags: [
            Flag("version", "N", "of restore: the version, as snapshots gives it"),
            Flag("older-than", "AGE", "of expire: how long ago a version was replaced"), .json,
            .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let action = arguments.positionals.first ?? "list"
        let table = arguments.positionals.dropFirst().first
        guard action == "compact" || (table != nil) == ["drop", "restore"].contains(action) else {
            throw arguments.usage("\(action) \(table == nil ? "needs a" : "takes no") TABLE")
        }
        for (flag, owner) in [("older-than", "expire"), ("version", "restore")]
        where arguments.has(flag) && action != owner {
            throw arguments.usage("--\(flag) belongs to \(owner)")
        }
        switch action {
        case "list": try listTables(invocation)
        case "expire": try expire(invocation)
        case "vacuum": try vacuum(invocation)
        case "drop": try drop(table ?? "", invocation)
        case "restore": try restore(table ?? "", invocation)
        case "compact": try compact(table, invocation)
        default:
            throw arguments.usage(
                "'\(action)' is not list, expire, vacuum, drop, restore or compact"
            )
        }
        return ExitCode.done
    }

    private static func listTables(_ invocation: Invocation) throws(CLIError) {
        let tables = try invocation.client().get(TableList.self, Routes.tables).tables
        invocation.print(json: tables) { Listings.text(of: tables) }
    }

    private static func expire(_ invocation: Invocation) throws(CLIError) {
        let arguments = invocation.arguments
        let text = try arguments.required("older-than")
        guard let age = Age.seconds(text) else {
            throw arguments.usage("'\(text)' is no AGE: a time such as 7d, 12h or 0s is expected")
        }
        let answer = try invocation.client().post(
            ExpireResponse.self,
            Routes.expire,
            body: JSON.encode(ExpireRequest(olderThanSeconds: age))
        )
        invocation.print(json: answer) {
            "\(answer.versions) versions are forgotten; \(answer.files) files, which none names "
                + "any more, wait for tables vacuum\n"
        }
    }

    private static func vacuum(_ invocation: Invocation) throws(CLIError) {
        let answer = try invocation.client().post(
            VacuumResponse.self,
            Routes.vacuum,
            body: Array("{}".utf8)
        )
        invocation.print(json: answer) {
            "\(answer.files) files are deleted; \(answer.waiting) wait for their time\n"
        }
    }

    private static func drop(_ table: String, _ invocation: Invocation) throws(CLIError) {
        let (schema, name) = try tableName(table, invocation.arguments)
        let answer = try invocation.client().post(
            VersionResponse.self,
            Routes.dropTable(schema, name),
            body: Array("{}".utf8)
        )
        invocation.print(json: answer) {
            "dropped \(schema).\(name); version \(answer.snapshot)\n"
        }
    }

    private static func restore(_ table: String, _ invocation: Invocation) throws(CLIError) {
        let (schema, name) = try tableName(table, invocation.arguments)
        let text = try invocation.arguments.required("version")
        guard let version = Int64(text), version >= 0 else {
            throw invocation.arguments.usage("'\(text)' is no version; see otjob snapshots")
        }
        let answer = try invocation.client().post(
            VersionResponse.self,
            Routes.restoreTable(schema, name),
            body: JSON.encode(RestoreRequest(version: version))
        )
        invocation.print(json: answer) {
            "\(schema).\(name) is what it was in version \(version); version \(answer.snapshot)\n"
        }
    }

    private static func compact(_ table: String?, _ invocation: Invocation) throws(CLIError) {
        var request = CompactRequest()
        if let table {
            (request.schema, request.table) = try tableName(table, invocation.arguments)
        }
        var sum = CompactResponse(tables: [], isComplete: false)
        while !sum.isComplete {
            let answer = try invocation.client().post(
                CompactResponse.self,
                Routes.compact,
                body: JSON.encode(request)
            )
            sum = sum.adding(answer)
        }
        invocation.print(json: sum) {
            guard !sum.tables.isEmpty else { return "there is nothing to compact\n" }
            return sum.tables.map {
                "\($0.schema).\($0.table) has \($0.fewerFiles) files fewer\n"
            }.joined()
        }
    }

    /// Takes a name of the schema ott, or SCHEMA.TABLE.
    static func tableName(
        _ text: String,
        _ arguments: Arguments
    ) throws(CLIError) -> (schema: String, table: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts.contains("") else {
            throw arguments.usage("'\(text)' is no TABLE or SCHEMA.TABLE")
        }
        return (parts.count == 2 ? String(parts[0]) : "ott", String(parts[parts.count - 1]))
    }
}

extension CompactResponse {
    /// What this answer and the next one came to together.
    fileprivate func adding(_ next: CompactResponse) -> CompactResponse {
        var sum = CompactResponse(tables: tables, isComplete: next.isComplete)
        for table in next.tables {
            let known = sum.tables.firstIndex {
                ($0.schema, $0.table) == (table.schema, table.table)
            }
            guard let known else {
                sum.tables.append(table)
                continue
            }
            sum.tables[known].fewerFiles += table.fewerFiles
        }
        return sum
    }
}
