import API
import Jobs

extension Command {
    static let token = Command(
        "token",
        "make, list and remove the tokens that workers join with: token create",
        details:
            "create prints a token, which is good for one worker of the pool, once. Put it into a "
            + "file on the worker's machine, and name that to otjob worker --token-file. The "
            + "coordinator keeps its hash alone. remove takes back a token that was not used yet; "
            + "for a worker that has joined there is otjob workers revoke.",
        positionals: [Positional("create|list|remove"), Positional("ID", required: false)],
        flags: [
            Flag("pool", "POOL", "create: the pool that the worker joins"),
            Flag("name", "NAME", "create: the worker's name; one is made up without it"),
            Flag("ttl", "TIME", "create: how long it may be used, such as 1h; 15m without it"),
            .json, .coordinator,
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let words = arguments.positionals
        switch (words[0], words.count) {
        case ("create", 1): try createToken(invocation)
        case ("list", 1): try listTokens(invocation)
        case ("remove", 2): try removeToken(words[1], invocation)
        case ("remove", _): throw arguments.usage("ID is missing")
        case ("create", _), ("list", _):
            throw arguments.usage("'\(words[1])' is one argument too many")
        default: throw arguments.usage("'\(words[0])' is not create, list or remove")
        }
        return ExitCode.done
    }

    private static func createToken(_ invocation: Invocation) throws(CLIError) {
        let arguments = invocation.arguments
        let request = TokenRequest(
            pool: try arguments.required("pool"),
            name: arguments.value("name"),
            lifetimeSeconds: try arguments.value("ttl").map { text throws(CLIError) in
                guard let time = Units.time(text) else {
                    throw arguments.usage("'\(text)' is no time for --ttl; write 15m or 1h")
                }
                return Int(time.components.seconds)
            }
        )
        let body = JSON.encode(request)
        let answer = try invocation.client().post(TokenResponse.self, Routes.tokens, body: body)
        // The token alone, so that it can be sent into a file.
        invocation.print(json: answer) { answer.token + "\n" }
    }

    private static func listTokens(_ invocation: Invocation) throws(CLIError) {
        let tokens = try invocation.client().get(TokenList.self, Routes.tokens).tokens
        invocation.print(json: tokens) { Listings.text(of: tokens, invocation.terminal.palette) }
    }

    private static func removeToken(_ id: String, _ invocation: Invocation) throws(CLIError) {
        try invocation.client().post(Routes.removeToken(id))
        invocation.terminal.print("token \(id) is removed\n")
    }
}
