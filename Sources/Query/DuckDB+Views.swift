import Storage

/// Trying views before readers meet them.
extension DuckDB {
    /// The name the store has during the check: a view that names a catalog works under no other.
    private static let attachedName = "otjob_checked_store"
    /// What is told when the store is attached, and again with its number by each view.
    private static let mark = "otjob_made"
    /// Names are looked up, no row is read: a second is much.
    private static let patience = Duration.seconds(60)

    /// Checks that every view would work in the newest version of the store; the views of one call
    /// may read each other.
    ///
    /// `schemas` are those of the store. Each view is made in a database in memory whose schemas stand
    /// in front of them. DuckDB binds a view's SQL when it is made, so a table or column that is not
    /// there is an error with its name.
    package func check(
        _ views: [ViewText],
        schemas: [String],
        store: StoreFolder
    ) throws(QueryError) {
        let views = try ViewText.ordered(views)
        let run: ProgramRun
        do throws(StorageError) {
            let words = arguments(checking: views, schemas: schemas, store: store)
            run = try ProgramRun(words, keeping: .all, limit: Self.patience)
        } catch {
            throw .notRun("DuckDB: \(error)")
        }
        guard run.end != .exited(code: 0) else { return }
        guard !run.wasOverdue else { throw .notRun("DuckDB took too long to try the views") }
        let lines = run.output.split(separator: "\n")
        let message = Self.oneLine(
            lines.filter { !$0.hasPrefix(Self.mark) }.joined(separator: "\n")
        )
        let made = lines.count { $0.hasPrefix(Self.mark + " ") }
        guard lines.contains(Self.mark[...]), made < views.count, run.end == .exited(code: 1) else {
            throw .notRun("DuckDB \(run.end): \(message)")
        }
        throw views[made].problem(message)
    }

    private func arguments(
        checking views: [ViewText],
        schemas: [String],
        store: StoreFolder
    ) -> [String] {
        let own = Set(views.map(\.schema)).sorted()
        let path =
            own.map { "memory.\(Self.quotedName($0))" }
            + schemas.map { "\(Self.attachedName).\(Self.quotedName($0))" }
        return arguments(
            format: "-list",
            store: store,
            attachedAs: Self.attachedName,
            setup: own.map { "CREATE SCHEMA IF NOT EXISTS memory.\(Self.quotedName($0));" }
                + ["SET search_path=\(Self.quoted(path.joined(separator: ",")));"],
            statements: ["SELECT '\(Self.mark)' AS \(Self.mark)"]
                + views.enumerated().map { number, view in
                    let name =
                        "memory.\(Self.quotedName(view.schema)).\(Self.quotedName(view.name))"
                    // The newline ends a comment on the last line.
                    return
                        "CREATE VIEW \(name) AS \(view.sql)\n; SELECT '\(Self.mark) \(number)' AS \(Self.mark)"
                }
        )
    }
}
