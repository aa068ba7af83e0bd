import Base
import HTTP
import Identity

/// Who has logged in to the dashboard, and what makes a form one of its own.
///
/// A session is as good as the token for pages and their buttons, and good for nothing else: the API
/// asks for the token itself. Sessions end with the process. A value; lives on the loop.
struct DashboardAccess {
    /// Beyond it the session that ends first is forgotten; a guess, far above a team.
    static let sessionsLimit = 100
    /// A working day.
    static let sessionTime = Duration.seconds(12 * 3600)
    private static let cookieName = "otjob_session"

    /// Stands in every form; no page of another origin can read it.
    let formToken = Token.make()
    /// When each ends.
    private var sessions: [TokenHash: Instant] = [:]

    /// Whether the form was made by this process.
    func isOurs(_ form: [String: String]) -> Bool {
        formToken.equals(Secret(Array((form["form_token"] ?? "").utf8)))
    }

    /// The text of ``formToken``, to be put into pages.
    var formTokenText: String { formToken.withBytes { String(decoding: $0, as: UTF8.self) } }

    func hasSession(_ request: HTTPRequest, at now: Instant) -> Bool {
        guard let cookie = request.cookie(Self.cookieName),
            let end = sessions[TokenHash(of: Secret(Array(cookie.utf8)))]
        else { return false }
        return now < end
    }

    /// Begins a session; returns the cookie that proves it.
    mutating func beginSession(isSecure: Bool, at now: Instant) -> String {
        sessions = sessions.filter { now < $0.value }
        if sessions.count >= Self.sessionsLimit,
            let first = sessions.min(by: { $0.value < $1.value })
        {
            sessions[first.key] = nil
        }
        let secret = Token.make()
        sessions[TokenHash(of: secret)] = now + Self.sessionTime
        let text = secret.withBytes { String(decoding: $0, as: UTF8.self) }
        return cookie(text, lifeSeconds: Int(Self.sessionTime.seconds), isSecure: isSecure)
    }

    /// Ends the session of a request; returns the cookie that takes its own away.
    mutating func endSession(of request: HTTPRequest, isSecure: Bool) -> String {
        if let cookie = request.cookie(Self.cookieName) {
            sessions[TokenHash(of: Secret(Array(cookie.utf8)))] = nil
        }
        return cookie("", lifeSeconds: 0, isSecure: isSecure)
    }

    /// No script reads it, and no page of another site sends it (RFC 6265bis section 5.6).
    private func cookie(_ value: String, lifeSeconds: Int, isSecure: Bool) -> String {
        "\(Self.cookieName)=\(value); Path=/; Max-Age=\(lifeSeconds); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }
}
