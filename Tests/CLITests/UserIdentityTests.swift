import CLI
import HTTP
import Identity
import Storage
import TestSupport
import Testing

@Suite("The user's token is found")
struct UserIdentityTests {
    private func write(_ token: String, to path: String) throws {
        try Directory.create(path: Directory.parent(of: path))
        try File.create(path: path).write(Array("\(token)\n".utf8), at: 0)
    }

    private func token(_ environment: [String: String]) throws -> String? {
        try UserIdentity.access { environment[$0] }.token?.withBytes {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test("at OTJOB_TOKEN_FILE first, then in the configuration folder")
    func order() throws {
        try withTemporaryFolder { home in
            try write("named", to: home + "/elsewhere")
            try write("xdg", to: home + "/xdg/otjob/token")
            try write("home", to: home + "/.config/otjob/token")
            var environment = ["HOME": home]
            #expect(try token(environment) == "home")
            environment["XDG_CONFIG_HOME"] = home + "/xdg"
            #expect(try token(environment) == "xdg")
            environment["OTJOB_TOKEN_FILE"] = home + "/elsewhere"
            #expect(try token(environment) == "named")
        }
    }

    @Test("a worker's identity has a folder for each pool there")
    func workerFolder() throws {
        func folder(_ environment: [String: String]) throws(CLIError) -> String {
            try UserIdentity.workerFolder(pool: "zone-a") { environment[$0] }
        }
        #expect(try folder(["HOME": "/h"]) == "/h/.config/otjob/workers/zone-a")
        #expect(
            try folder(["HOME": "/h", "XDG_CONFIG_HOME": "/x"]) == "/x/otjob/workers/zone-a"
        )
        #expect(throws: CLIError.self) { try folder([:]) }
    }

    @Test("a file that was named and is not there is an error, one of the folder is none")
    func missing() throws {
        try withTemporaryFolder { home in
            let tokens = [try token(["HOME": home]), try token([:])]
            #expect(tokens == [nil, nil])
            for variable in ["OTJOB_TOKEN_FILE", "OTJOB_CA_FILE"] {
                #expect(throws: CLIError.self) {
                    _ = try token(["HOME": home, variable: home + "/nothing"])
                }
            }
        }
    }
}
