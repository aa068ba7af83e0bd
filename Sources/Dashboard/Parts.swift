import API
import Base

/// Pieces that several pages are made of.
enum Parts {
    /// A part of a page with a heading; shown anew as a whole when it has changed.
    static func section(_ id: String, _ title: String, _ content: HTML, note: HTML = .empty) -> HTML
    {
        """
        <section id="\(id)" aria-labelledby="\(id)-title">
        <div class="heading"><h2 id="\(id)-title">\(title)</h2>\(note)</div>
        \(content)
        </section>

        """
    }

    /// A column of a table.
    struct Column {
        var title: String
        var isNumber = false

        static func text(_ title: String) -> Self { Self(title: title) }
        static func number(_ title: String) -> Self { Self(title: title, isNumber: true) }
    }

    /// A table; what it says when it has no rows is told in its place.
    ///
    /// On a narrow screen each row becomes a card, whose lines begin with the columns' titles.
    static func table(
        _ caption: String,
        _ columns: [Column],
        _ rows: [[HTML]],
        none: String = "None."
    ) -> HTML {
        guard !rows.isEmpty else { return #"<p class="none">\#(none)</p>"# }
        let head = columns.map { column -> HTML in
            #"<th scope="col"\#(numberClass(column))>\#(column.title)</th>"#
        }
        let body = rows.map { row -> HTML in
            let cells = zip(columns, row).map { column, cell -> HTML in
                #"<td data-title="\#(column.title)"\#(numberClass(column))>\#(cell)</td>"#
            }
            return "<tr>\(cells)</tr>\n"
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="\(caption)"><table>
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(body)</tbody></table></div>
            """
    }

    private static func numberClass(_ column: Column) -> HTML {
        column.isNumber ? #" class="number""# : ""
    }

    static func link(_ path: String, _ text: String) -> HTML {
        #"<a href="\#(path)">\#(text)</a>"#
    }

    /// A time to the second; the whole of it where the mouse rests.
    static func time(_ rfc3339: String?) -> HTML {
        guard let rfc3339 else { return Self.nothing }
        return #"<time datetime="\#(rfc3339)" title="\#(rfc3339)">\#(Text.time(rfc3339))</time>"#
    }

    /// Stands where there is nothing to tell.
    static let nothing: HTML = #"<span class="muted">–</span>"#

    static func text(_ text: String?) -> HTML {
        guard let text, !text.isEmpty else { return nothing }
        return "\(text)"
    }

    static func number(_ value: Int64) -> HTML { "\(Text.grouped(value))" }
    static func number(_ value: Int) -> HTML { number(Int64(value)) }
    static func bytes(_ value: Int64) -> HTML { "\(ByteCount(value).description)" }

    /// How far something is, as a bar and in numbers.
    static func progress(_ done: Int64, of total: Int64, _ words: String) -> HTML {
        """
        <progress max="\(max(total, 1))" value="\(min(done, max(total, 1)))" \
        aria-label="\(words)">\(words)</progress>
        """
    }

    /// The links from page to page of a long list, which tell how long it is.
    static func pager(_ window: ListWindow, path: String, noun: String) -> HTML {
        guard window.total > window.shown.count || window.page > 1 else { return .empty }
        let first = window.shown.isEmpty ? 0 : window.shown.lowerBound + 1
        let words =
            "\(Text.grouped(Int64(first)))–\(Text.grouped(Int64(window.shown.upperBound))) of "
            + "\(Text.grouped(Int64(window.total))) \(noun)"
        func step(_ page: Int, _ title: String) -> HTML {
            guard (1...window.pageCount).contains(page) else { return .empty }
            let mark = path.contains("?") ? "&" : "?"
            return link("\(path)\(mark)page=\(page)", title)
        }
        return """
            <nav class="pager" aria-label="Pages of \(noun)"><span>\(words)</span>\
            \(step(window.page - 1, "‹ Previous"))\(step(window.page + 1, "Next ›"))</nav>
            """
    }
}

/// Which part of a long list a page shows.
package struct ListWindow: Sendable, Equatable {
    package let total: Int
    /// Counted from 1.
    package let page: Int
    package let size: Int

    /// A page beyond the end is the last one.
    package init(total: Int, page: Int, size: Int) {
        self.total = total
        self.size = size
        self.page = min(max(page, 1), max(1, (total + size - 1) / size))
    }

    package var pageCount: Int { max(1, (total + size - 1) / size) }

    package var shown: Range<Int> {
        let start = min((page - 1) * size, total)
        return start..<min(start + size, total)
    }
}
