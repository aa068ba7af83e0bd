package import Transport

/// What can go wrong with serving and asking over HTTP.
package enum HTTPError: Error, CustomStringConvertible {
    /// The server could not be set up on its address.
    case cannotListen(TransportError)
    /// libevent gave no server, loop or connection: memory or descriptors are used up.
    case outOfResources(String)
    case invalidURL(String)
    /// `https` without an authority to trust.
    case noAuthority(String)
    /// The token would cross a network in the clear.
    case notEncrypted(String)
    /// No connection came about.
    case unreachable(url: String, reason: String)
    /// Somebody is there, and one of both sides does not trust the other.
    case untrusted(url: String, reason: String)
    /// The connection ended, or sent something else than HTTP, before the answer was complete.
    case interrupted(url: String, reason: String)
    case timedOut(url: String, after: Duration)
    /// A stream was asked for and something else answered.
    case notAStream(url: String, HTTPResponse)

    package var description: String {
        switch self {
        case .cannotListen(let error):
            "HTTP server: \(error)"
        case .outOfResources(let what):
            "cannot create \(what); free memory or raise the limit of open files (ulimit -n)"
        case .invalidURL(let url):
            "\"\(url)\" is not the URL of a coordinator; write it as https://HOST:PORT"
        case .noAuthority(let url):
            "no ca.pem to know \(url) by; copy it from the coordinator's security folder to "
                + "~/.config/otjob/ca.pem, or name it in OTJOB_CA_FILE"
        case .notEncrypted(let url):
            "the token does not go to \(url), because others could read it on its way; "
                + "write https://"
        case .unreachable(let url, let reason):
            "cannot reach \(url): \(reason); check that the coordinator runs and the URL is its own"
        case .untrusted(let url, let reason):
            "no TLS with \(url): \(reason); check that it is the coordinator's address and its "
                + "certificate names this host"
        case .interrupted(let url, let reason):
            "no complete answer from \(url): \(reason); check the coordinator's log and try again"
        case .timedOut(let url, let limit):
            "no answer from \(url) within \(limit); check the coordinator's load and try again"
        case .notAStream(let url, let response):
            "\(url) answered with status \(response.status) instead of a stream of events: "
                + String(decoding: response.body.prefix(200), as: UTF8.self)
        }
    }
}
