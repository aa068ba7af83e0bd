/// Says what is wrong with what was asked for.
package struct ProblemPage: Sendable {
    package var message: String

    package init(_ message: String) { self.message = message }

    package func page(_ frame: Page.Frame) -> Page {
        let body: HTML = """
            <h1>That did not work</h1>
            <p class="problem" role="alert">\(message)</p>
            <p>\(Parts.link(Links.overview, "Back to the overview"))</p>
            """
        return Page(title: "Problem", isLive: false, frame: frame, body: body)
    }
}
