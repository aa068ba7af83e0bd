/// Asks for the cluster's token.
package struct LoginPage: Sendable {
    /// Whether a token was shown that is not the one.
    package var wasRefused: Bool

    package init(wasRefused: Bool = false) { self.wasRefused = wasRefused }

    /// Tells nothing of the cluster but its name: whoever sees it is a stranger.
    package func page(_ frame: Page.Frame) -> Page {
        let refusal: HTML =
            wasRefused ? #"<p class="problem" role="alert">That is not the token.</p>"# : ""
        let body: HTML = """
            <section class="login"><h1>Log in</h1>
            \(refusal)<form method="post" action="\(Links.login)">\(frame.tokenField)
            <label for="token">Token of the cluster</label>
            <input id="token" name="token" type="password" autocomplete="current-password" \
            required autofocus>
            <button>Log in</button></form>
            <p class="note">It stands in the file that <code>security.token_file</code> names, or in \
            <code>token</code> of the security folder.</p></section>
            """
        return Page(title: "Log in", isLive: false, frame: frame, body: body)
    }
}
