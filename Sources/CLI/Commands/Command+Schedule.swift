import API

extension Command {
    static let schedule = Command(
        "schedule",
        "submit jobs again and again: schedule add JOB… --cron LINE, list, remove ID",
        details:
            "LINE is minute, hour, day, month and day of the week in UTC, as in '0 3 * * 1'. The "
            + "coordinator submits the jobs, also after a restart. What comes due while it is down, "
            + "or while the last job of the same schedule still runs, is left out.",
        positionals: [
            Positional("ACTION", required: false),
            Positional("JOB", kind: .file, required: false, repeats: true),
        ],
        flags: [
            Flag("cron", "LINE", "of add: when"), input, set, pool, force, .json, .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let names = Array(arguments.positionals.dropFirst())
        switch arguments.positionals.first ?? "list" {
        case "list":
            guard names.isEmpty else { throw arguments.usage("list takes no JOB") }
            return try listSchedules(invocation)
        case "add":
            guard !names.isEmpty else { throw arguments.usage("add needs a JOB") }
            return try addSchedule(names, invocation)
        case "remove":
            guard names.count == 1 else { throw arguments.usage("remove needs one ID") }
            try invocation.client().post(Routes.removeSchedule(names[0]))
            invocation.terminal.print("schedule \(names[0]) is removed\n")
            return ExitCode.done
        case let action:
            throw arguments.usage("'\(action)' is not add, list or remove")
        }
    }

    private static func listSchedules(_ invocation: Invocation) throws(CLIError) -> Int32 {
        let list = try invocation.client().get(ScheduleList.self, Routes.schedules).schedules
        invocation.print(json: list) { Listings.text(of: list) }
        return ExitCode.done
    }

    private static func addSchedule(
        _ names: [String],
        _ invocation: Invocation
    ) throws(CLIError) -> Int32 {
        guard let cron = invocation.arguments.value("cron") else {
            throw invocation.arguments.usage("add needs --cron LINE, as in --cron '0 3 * * 1'")
        }
        let submit = try submitRequest(names, invocation.arguments)
        let added = try invocation.client().post(
            ScheduleSummary.self,
            Routes.schedules,
            body: JSON.encode(ScheduleRequest(submit: submit, cron: cron))
        )
        invocation.print(json: added) {
            "schedule \(added.id): \(added.jobs.joined(separator: ", ")), next at "
                + "\(Text.time(added.next) ?? "no time")\n"
        }
        return ExitCode.done
    }
}
