import API

/// A table of text: columns aligned, two blanks between them, the header first.
package struct TextTable {
    package enum Alignment: Sendable { case left, right }

    package struct Column: Sendable {
        let title: String
        let alignment: Alignment

        package static func left(_ title: String) -> Self { Self(title: title, alignment: .left) }
        package static func right(_ title: String) -> Self { Self(title: title, alignment: .right) }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; nil is shown as `-`.
    package mutating func add(_ cells: [String?]) {
        precondition(cells.count == columns.count, "a row has as many cells as there are columns")
        rows.append(cells.map { $0.map(Text.printable) ?? "-" })
    }

    /// The whole table, each line ended; the palette paints the titles and the cells that are states.
    package func text(_ palette: Palette = .plain) -> String {
        var widths = columns.map(\.title.count)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        var text = line(columns.map(\.title), widths) { palette.bold($0) }
        for row in rows { text += line(row, widths) { palette.state($0) } }
        return text
    }

    private func line(
        _ cells: [String],
        _ widths: [Int],
        paint: (String) -> String
    ) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: widths[index] - cell.count)
            let isLast = index == cells.count - 1
            switch columns[index].alignment {
            case .left: line += paint(cell) + (isLast ? "" : padding)
            case .right: line += padding + paint(cell)
            }
            if !isLast { line += "  " }
        }
        return line + "\n"
    }
}
