import Base
import Glibc
import Identity
import Storage

extension Command {
    static let cluster = Command(
        "cluster",
        "make the certificates that a cluster needs off loopback: cluster init",
        details:
            "Writes the cluster's authority, the coordinator's certificate for the hosts named "
            + "and for loopback, and the token of the HTTP API to a folder of their own. Nothing "
            + "that is there already is overwritten.",
        positionals: [Positional("init")],
        flags: [
            Flag("dir", "DIR", "the folder to make them in", kind: .folder, required: true),
            Flag(
                "host",
                "HOST",
                "a name or address that the coordinator is reached by",
                required: true,
                repeats: true
            ),
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        guard arguments.positionals[0] == "init" else {
            throw arguments.usage("'\(arguments.positionals[0])' is not init")
        }
        let folder = Paths.absolute(try arguments.required("dir"))
        let hosts = arguments.values("host")
        try createIdentities(in: folder, hosts: hosts)
        invocation.terminal.print(nextSteps(folder, hosts[0]))
        return ExitCode.done
    }

    private static func createIdentities(
        in folder: String,
        hosts: [String]
    ) throws(CLIError) {
        let now = WallTime(microseconds: Int64(time(nil)) * 1_000_000)
        let loopback = ["localhost", "127.0.0.1", "::1"]
        do throws(IdentityError) {
            let authority = try CertificateAuthority(cluster: hosts[0], at: now)
            let coordinator = try authority.makeCoordinator(
                name: "coordinator",
                hosts: hosts + loopback.filter { !hosts.contains($0) },
                at: now
            )
            try IdentityFolder(folder).create(authority, coordinator, token: Token.make())
        } catch {
            throw .failed(error.description)
        }
    }

    private static func nextSteps(_ folder: String, _ host: String) -> String {
        """
        made ca.pem, ca.key, coordinator.pem and token in \(folder)
        1. cluster.yaml:  listen: {workers: "0.0.0.0:7077", http: "0.0.0.0:8080"}
                          security: {directory: \(folder)}
        2. on your own machine: copy ca.pem and token to ~/.config/otjob/, then
                          export OTJOB_COORDINATOR=https://\(host):8080
        3. for each worker of a static pool: otjob token create --pool POOL, and on its machine
                          otjob worker --coordinator \(host):7077 --pool POOL --token-file FILE

        """
    }
}
