/// Colours for a terminal, or none.
package struct Palette: Equatable, Sendable {
    private let isColoured: Bool

    package static let plain = Palette(isColoured: false)
    /// SGR sequences of ECMA-48 section 8.3.117, which every terminal of today knows.
    package static let coloured = Palette(isColoured: true)

    package func bold(_ text: String) -> String { paint(text, "1") }

    /// Paints the word of a state by what it means; other text stays as it is.
    package func state(_ text: String) -> String {
        switch text {
        case "DONE", "READY", "ACTIVE": paint(text, "32")
        case "RUNNING", "STARTING", "ACQUIRING": paint(text, "36")
        case "SUSPECT", "DRAINING", "CANCELLED": paint(text, "33")
        case "ERROR", "LOST", "EXHAUSTED": paint(text, "31")
        default: text
        }
    }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
