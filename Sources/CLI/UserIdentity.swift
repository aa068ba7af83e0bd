package import HTTP
import Identity
import Storage
import Transport

/// What a user shows to coordinators, and how it knows them: two files.
///
/// | file | else |
/// |---|---|
/// | `OTJOB_TOKEN_FILE` | `token` in the configuration folder |
/// | `OTJOB_CA_FILE` | `ca.pem` in the configuration folder |
///
/// What a worker is to its coordinator lies in `workers/POOL` of the configuration folder.
///
/// The configuration folder is `$XDG_CONFIG_HOME/otjob`, without that variable `~/.config/otjob`.
package enum UserIdentity {
    /// Reads the files; of those in the configuration folder none need be there.
    static func access() throws(CLIError) -> ClientAccess {
        try access(Environment.value)
    }

    package static func access(
        _ environment: (String) -> String?
    ) throws(CLIError) -> ClientAccess {
        let token = file("OTJOB_TOKEN_FILE", "token", environment)
        let authority = file("OTJOB_CA_FILE", "ca.pem", environment)
        return try access(tokenFile: token, authorityFile: authority)
    }

    /// What the coordinator of this machine's configuration asks for.
    static func access(
        tokenFile: String?,
        authorityFile: String?
    ) throws(CLIError) -> ClientAccess {
        do throws(IdentityError) {
            return ClientAccess(
                token: try tokenFile.map { path throws(IdentityError) in
                    try IdentityFolder.token(inFile: path)
                },
                security: try authorityFile.map { path throws(IdentityError) in
                    TLSContext(authority: try Certificate(file: path))
                }
            )
        } catch {
            throw .failed(error.description)
        }
    }

    /// A file that was named must be there; one of the configuration folder counts when it is.
    private static func file(
        _ variable: String,
        _ name: String,
        _ environment: (String) -> String?
    ) -> String? {
        if let path = environment(variable) { return path }
        guard let folder = folder(environment) else { return nil }
        let path = "\(folder)/\(name)"
        return Directory.exists(path: path) ? path : nil
    }

    private static func folder(_ environment: (String) -> String?) -> String? {
        let folder =
            environment("XDG_CONFIG_HOME") ?? environment("HOME").map { $0 + "/.config" }
        return folder.map { $0 + "/otjob" }
    }

    /// The folder for the identity of this user's worker in a pool.
    package static func workerFolder(
        pool: String,
        _ environment: (String) -> String? = Environment.value
    ) throws(CLIError) -> String {
        guard let folder = folder(environment) else {
            throw .failed("there is no HOME to keep the identity in; name a folder: --identity DIR")
        }
        return "\(folder)/workers/\(pool)"
    }
}
