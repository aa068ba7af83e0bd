package import API
import Base

/// The tables and views of the store.
package struct TablesPage: Sendable {
    package var tables: [TableSummary]
    package var views: [ViewSummary]

    package init(tables: [TableSummary], views: [ViewSummary]) {
        self.tables = tables
        self.views = views
    }

    package func page(_ frame: Page.Frame) -> Page {
        let count: HTML = #"<p class="note">\#(Parts.number(tables.count)) tables</p>"#
        let body: HTML = """
            <h1>Tables</h1>
            \(Parts.section("tables", "Newest versions", tablesTable, note: count))\
            \(Parts.section("views", "Views", viewsTable))
            """
        return Page(title: "Tables", place: .tables, frame: frame, body: body)
    }

    private var tablesTable: HTML {
        Parts.table(
            "Tables",
            [
                .text("Table"), .number("Rows"), .number("Files"), .number("Size"),
                .number("Version"), .text("Made by"),
            ],
            tables.map { table in
                [
                    Parts.link(
                        Links.table(table.schema, table.table),
                        "\(table.schema).\(table.table)"
                    ),
                    Parts.number(table.rows), Parts.number(table.files), Parts.bytes(table.bytes),
                    Parts.number(table.snapshot), Self.maker(table.job),
                ]
            },
            none: "No table has been published yet."
        )
    }

    static func maker(_ job: String?) -> HTML {
        job.map { Parts.link(Links.job($0), "job \($0)") } ?? Parts.nothing
    }

    private var viewsTable: HTML {
        let items = views.map { view -> HTML in
            let rows = Links.rows(view.schema, view.view)
            return """
                <details id="view-\(view.schema)-\(view.view)"><summary><b>\(view.schema).\(view.view)</b> \
                <span class="muted">since version \(view.snapshot)</span></summary>
                <pre tabindex="0">\(view.sql)</pre>
                <p class="note">\(Parts.link(rows, "Show ten rows"))</p></details>

                """
        }
        return items.isEmpty
            ? #"<p class="none">No view: otjob views publish makes those that are shipped.</p>"#
            : "\(items)"
    }
}

/// One table: what it is made of, and where its versions come from.
package struct TablePage: Sendable {
    /// Versions and files that are shown.
    package static let shown = 100

    package var table: TableInspection

    package init(_ table: TableInspection) { self.table = table }

    package func page(_ frame: Page.Frame) -> Page {
        let name = "\(table.schema).\(table.table)"
        let rows = Links.rows(table.schema, table.table)
        let quality = Links.quality(table.schema, table.table)
        let body: HTML = """
            <h1>\(name)</h1>
            \(Parts.section("columns", "Columns", columns))\
            \(Parts.section("rows", "Ten rows", Self.part(rows, "Show ten rows")))\
            \(Parts.section("versions", "Versions", versions, note: Self.count(table.versions.count, table.versionCount)))\
            \(Parts.section("files", "Files of the newest version", files, note: Self.count(table.files.count, table.fileCount)))\
            \(Parts.section("quality", "Data quality", Self.part(quality, "Show what checks came to")))
            """
        return Page(title: name, place: .tables, isLive: false, frame: frame, body: body)
    }

    /// What takes DuckDB, and so longer than a page may: a page of its own, shown here by the script.
    private static func part(_ path: String, _ title: String) -> HTML {
        #"<div data-load="\#(path)">\#(Parts.link(path, title))</div>"#
    }

    private static func count(_ shown: Int, _ total: Int64) -> HTML {
        let words: HTML =
            Int64(shown) < total
            ? "the first \(Parts.number(shown)) of \(Parts.number(total))" : Parts.number(total)
        return #"<p class="note">\#(words)</p>"#
    }

    private var columns: HTML {
        Parts.table(
            "Columns",
            [
                .text("Column"), .text("Type"), .text("Nulls"), .text("Least"), .text("Greatest"),
                .number("Size"),
            ],
            table.columns.map { column in
                [
                    "\(column.name)", "<code>\(column.type)</code>",
                    column.nullable ? Parts.text(column.nulls.map(Text.grouped)) : "never",
                    Self.bound(column.minimum), Self.bound(column.maximum),
                    column.bytes.map(Parts.bytes) ?? Parts.nothing,
                ]
            }
        )
    }

    private static func bound(_ text: String?) -> HTML {
        guard let text else { return Parts.nothing }
        return text.count > 40 ? "\(String(text.prefix(40)))…" : "\(text)"
    }

    private var versions: HTML {
        Parts.table(
            "Versions",
            [
                .number("Version"), .text("Made"), .number("Rows"), .number("Files"),
                .number("Size"), .text("By"), .text("Message"),
            ],
            table.versions.map { version in
                [
                    Parts.number(version.snapshot), Parts.time(version.time),
                    Parts.number(version.rows), Parts.number(version.files),
                    Parts.bytes(version.bytes), TablesPage.maker(version.job),
                    Parts.text(version.message),
                ]
            }
        )
    }

    private var files: HTML {
        Parts.table(
            "Files",
            [.text("File"), .number("Rows"), .number("Size"), .number("Since version")],
            table.files.map { file in
                [
                    "<code>\(file.path)</code>", Parts.number(file.rows), Parts.bytes(file.bytes),
                    Parts.number(file.snapshot),
                ]
            },
            none: "The table is empty."
        )
    }
}

/// Some rows of a table or a view, as text.
package struct RowsPage: Sendable {
    package var title: String
    /// Where the rows are from.
    package var back: (path: String, title: String)
    package var columns: [String]
    /// Null is nil.
    package var rows: [[String?]]
    /// Said below: what of it is not shown.
    package var note: String?

    package init(
        title: String,
        back: (path: String, title: String),
        columns: [String],
        rows: [[String?]],
        note: String? = nil
    ) {
        self.title = title
        self.back = back
        self.columns = columns
        self.rows = rows
        self.note = note
    }

    package func page(_ frame: Page.Frame) -> Page {
        let table = Parts.table(
            title,
            columns.map { .text($0) },
            rows.map { row in
                row.map { $0.map { "\($0)" } ?? #"<span class="muted">null</span>"# }
            },
            none: "There is no row."
        )
        let note: HTML = note.map { #"<p class="note">\#($0)</p>"# } ?? ""
        let body: HTML = """
            <h1>\(title)</h1>
            <section id="rows"><div class="part">\(table)\(note)</div>
            <p class="note">\(Parts.link(back.path, back.title))</p></section>
            """
        return Page(title: title, place: .tables, isLive: false, frame: frame, body: body)
    }
}
