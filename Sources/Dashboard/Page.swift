import API

/// The frame that all pages share: head, navigation, and what they say about themselves.
package struct Page {
    /// What every page and file of the dashboard is sent with: nothing is loaded from elsewhere, no
    /// script stands in a page, nobody shows it in a frame, and forms go home.
    package static let headers = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                + "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"),
        // No longer path than the origin's leaves it; without any, browsers would not tell the
        // origin of a form either.
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]

    /// What pages are told beside what they show.
    package struct Frame: Sendable {
        package var cluster: String
        package var version: String
        /// RFC 3339: when the page was made.
        package var now: String
        /// Shown with every form, so that pages of others cannot send one.
        package var formToken: String
        /// Whether somebody has logged in, and so may log out.
        package var hasSession: Bool

        package init(
            cluster: String,
            version: String,
            now: String,
            formToken: String,
            hasSession: Bool = false
        ) {
            self.cluster = cluster
            self.version = version
            self.now = now
            self.formToken = formToken
            self.hasSession = hasSession
        }
    }

    /// The places of the navigation.
    enum Place: CaseIterable {
        case overview
        case jobs
        case workers
        case pools
        case tables

        var link: (path: String, title: String) {
            switch self {
            case .overview: (Links.overview, "Overview")
            case .jobs: (Links.jobs, "Jobs")
            case .workers: (Links.workers, "Workers")
            case .pools: (Links.pools, "Pools")
            case .tables: (Links.tables, "Tables")
            }
        }
    }

    var title: String
    var place: Place?
    /// Whether the page is shown anew when something changes.
    var isLive = true
    var frame: Frame
    var body: HTML

    package var html: String {
        let page: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · \(frame.cluster)</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="\(Links.style)">
            <script src="\(Links.script)" defer></script>
            </head>
            <body\(isLive ? Self.liveMark : HTML.empty)>
            <a class="skip" href="#main">Skip to content</a>
            <header>
            <a class="brand" href="/">\(frame.cluster)</a>
            <nav aria-label="Pages">\(Place.allCases.map(navigation))</nav>
            \(frame.hasSession ? logout : HTML.empty)
            </header>
            <main id="main">
            \(body)
            </main>
            <footer>otcluster \(frame.version) · times in UTC · as of \
            <time datetime="\(frame.now)">\(Text.time(frame.now))</time>\
            <span id="connection" role="status"></span></footer>
            </body>
            </html>

            """
        return page.text
    }

    private static let liveMark: HTML = #" data-events="/events""#

    private func navigation(_ place: Place) -> HTML {
        let (path, title) = place.link
        let current: HTML = place == self.place ? #" aria-current="page""# : ""
        return #"<a href="\#(path)"\#(current)>\#(title)</a>"#
    }

    private var logout: HTML {
        """
        <form class="logout" method="post" action="\(Links.logout)">\(frame.tokenField)\
        <button class="quiet">Log out</button></form>
        """
    }
}

extension Page.Frame {
    /// What makes a form ours.
    var tokenField: HTML { #"<input type="hidden" name="form_token" value="\#(formToken)">"# }

    /// A button that changes something; where there is a question, the script asks it first.
    func button(
        _ title: String,
        _ action: String,
        _ fields: [(name: String, value: String)],
        extra: HTML = .empty,
        confirm question: String? = nil
    ) -> HTML {
        let confirm: HTML = question.map { #" data-confirm="\#($0)""# } ?? ""
        let hidden = fields.map { field -> HTML in
            #"<input type="hidden" name="\#(field.name)" value="\#(field.value)">"#
        }
        return """
            <form class="inline" method="post" action="\(action)">\(tokenField)\(hidden)\(extra)\
            <button\(confirm)>\(title)</button></form>
            """
    }
}
