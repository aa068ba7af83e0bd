import API
import Base
import Glibc
import Jobs
import Storage

extension Command {
    static let views = Command(
        "views",
        "list, publish or drop views: views [list], views publish [VIEW…], views drop VIEW…",
        details:
            "Published views are seen by every reader of the store. VIEW is the name of a shipped "
            + "view or an SQL file, named as the view, with one SELECT that names tables as "
            + "schema.table; without one all shipped views are published. A view that names a "
            + "table or column which is not there is refused, and then none is published.",
        positionals: [
            Positional("ACTION", required: false),
            Positional("VIEW", kind: .file, required: false, repeats: true),
        ],
        flags: [.json, .coordinator]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let names = Array(arguments.positionals.dropFirst())
        switch arguments.positionals.first ?? "list" {
        case "list":
            guard names.isEmpty else { throw arguments.usage("list takes no VIEW") }
            return try listViews(invocation)
        case "publish":
            return try publishViews(names, invocation)
        case "drop":
            guard !names.isEmpty else { throw arguments.usage("drop needs a VIEW") }
            return try dropViews(names, invocation)
        case let action:
            throw arguments.usage("'\(action)' is not list, publish or drop")
        }
    }

    private static func listViews(_ invocation: Invocation) throws(CLIError) -> Int32 {
        let views = try invocation.client().get(ViewList.self, Routes.views).views
        invocation.print(json: views) { Listings.text(of: views) }
        return ExitCode.done
    }

    private static func publishViews(
        _ names: [String],
        _ invocation: Invocation
    ) throws(CLIError) -> Int32 {
        let shipped = ShippedViews.all.map { NamedSQL(name: $0.name, sql: $0.sql) }
        var views: [NamedSQL] = names.isEmpty ? shipped : []
        for name in names { views.append(try view(name, shipped: shipped)) }
        let body = JSON.encode(PublishViewsRequest(views: views))
        guard body.count <= Limits.httpBodyBytes else {
            throw .failed("the views are over \(ByteCount(Limits.httpBodyBytes)) together")
        }
        let answer = try invocation.client().post(
            VersionResponse.self,
            Routes.views,
            body: body
        )
        invocation.print(json: answer) {
            "published \(views.map(\.name).joined(separator: ", ")); version \(answer.snapshot)\n"
        }
        return ExitCode.done
    }

    /// A view of the program, or the one in an SQL file, which has its name.
    private static func view(
        _ name: String,
        shipped: [NamedSQL]
    ) throws(CLIError) -> NamedSQL {
        guard name.contains("/") || name.hasSuffix(".sql") else {
            if let view = shipped.first(where: { $0.name == name }) { return view }
            let names = shipped.map(\.name).joined(separator: ", ")
            throw .invalid("no shipped view is named '\(name)'; there are \(names)")
        }
        guard let text = FileText.read(name) else {
            let reason = String(cString: strerror(errno))
            throw .invalid("the view '\(name)' cannot be read: \(reason)")
        }
        var stem = name.split(separator: "/").last ?? ""
        if stem.hasSuffix(".sql") { stem = stem.dropLast(4) }
        return NamedSQL(name: String(stem), sql: text)
    }

    private static func dropViews(
        _ names: [String],
        _ invocation: Invocation
    ) throws(CLIError) -> Int32 {
        let body = JSON.encode(DropViewsRequest(names: names))
        let answer = try invocation.client().post(
            VersionResponse.self,
            Routes.dropViews,
            body: body
        )
        invocation.print(json: answer) {
            "dropped \(names.joined(separator: ", ")); version \(answer.snapshot)\n"
        }
        return ExitCode.done
    }
}
