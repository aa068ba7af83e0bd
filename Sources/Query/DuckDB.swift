import Glibc
import Storage

/// An installation of the DuckDB program with the two extensions that read the store.
package struct DuckDB: Equatable, Sendable {
    package let program: String
    /// What LOAD takes: the path of an extension's file, or its name where DuckDB finds it itself.
    package let extensions: [String]

    private static let extensionNames = ["ducklake", "sqlite_scanner"]

    package init(program: String, extensions: [String]) {
        self.program = program
        self.extensions = extensions
    }

    /// Looks with the environment and from the folder of this very program.
    package static func find() throws(QueryError) -> DuckDB {
        try find(
            environment: { name in
                guard let value = getenv(name), value.pointee != 0 else { return nil }
                return String(cString: value)
            },
            binaryFolder: binaryFolder
        )
    }

    /// The folder of this program, behind symbolic links.
    private static var binaryFolder: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/usr/bin" }
        defer { free(path) }
        return Directory.parent(of: String(cString: path))
    }

    /// Looks at `OTJOB_DUCKDB`, beside the binary, and in the project's environment.
    ///
    /// `environment` reads a variable; `binaryFolder` is the folder of this program.
    package static func find(
        environment: (String) -> String?,
        binaryFolder: String
    ) throws(QueryError) -> DuckDB {
        let home = environment("HOME") ?? ""
        let cache = environment("XDG_CACHE_HOME") ?? home + "/.cache"
        let folder = environment("OTCLUSTER_VENV") ?? cache + "/otcluster/venv"
        let packages = pythonPackages(of: folder)
        if let program = environment("OTJOB_DUCKDB") {
            guard access(program, X_OK) == 0 else {
                throw .notInstalled("OTJOB_DUCKDB names '\(program)', which is no program")
            }
            let own = pythonPackages(of: Directory.parent(of: Directory.parent(of: program)))
            return DuckDB(
                program: program,
                extensions: locate([Directory.parent(of: program)] + own + packages)
            )
        }
        let share = Directory.parent(of: binaryFolder) + "/share/otjob"
        if access(share + "/duckdb", X_OK) == 0 {
            return DuckDB(program: share + "/duckdb", extensions: locate([share] + packages))
        }
        // The script bin/duckdb would start a Python first: take the program behind it.
        for folder in packages where access(folder + "/duckdb_cli/duckdb", X_OK) == 0 {
            return DuckDB(program: folder + "/duckdb_cli/duckdb", extensions: locate(packages))
        }
        throw .notInstalled(
            "DuckDB is not there: run ./scripts/setup, or set OTJOB_DUCKDB to its program"
        )
    }

    /// The folders that hold the packages of a virtual environment.
    private static func pythonPackages(of environment: String) -> [String] {
        names(in: environment + "/lib")
            .filter { $0.hasPrefix("python3") }
            .map { "\(environment)/lib/\($0)/site-packages" }
    }

    private static func locate(_ folders: [String]) -> [String] {
        extensionNames.map { name in
            let file = name + ".duckdb_extension"
            for folder in folders {
                let versions = "\(folder)/duckdb_extension_\(name)/extensions"
                let candidates = [folder] + names(in: versions).map { "\(versions)/\($0)" }
                for candidate in candidates where Directory.exists(path: "\(candidate)/\(file)") {
                    return "\(candidate)/\(file)"
                }
            }
            return name
        }
    }

    /// The names in a folder; none where it is missing or not ours to read.
    private static func names(in folder: String) -> [String] {
        do throws(StorageError) {
            return try Directory.list(path: folder)
        } catch {
            return []
        }
    }

    /// The arguments that run `sql` on a store, locked as far as DuckDB can be.
    package func arguments(
        sql: String,
        store: StoreFolder,
        json: Bool
    ) -> [String] {
        arguments(
            format: json ? "-json" : "-box",
            store: store,
            attachedAs: "lake",
            setup: ["SET search_path='lake.\(store.schema),lake.main';"],
            statements: [sql]
        )
    }

    /// `.safe_mode` shuts the file system but for the folders allowed before, locks the settings,
    /// and ends dot commands (duckdb.org/docs/stable/operations_manual/securing_duckdb).
    func arguments(
        format: String,
        store: StoreFolder,
        attachedAs name: String,
        setup: [String],
        statements: [String]
    ) -> [String] {
        let attach =
            "ATTACH \(Self.quoted("ducklake:sqlite:" + store.catalog)) AS \(name) (READ_ONLY);"
        let locks = [
            "SET allowed_directories=[\(Self.quoted(store.dataPath))];",
            "SET temp_directory=\(Self.quoted(store.temporaryFolder));",
        ]
        let commands = extensions.map { "LOAD \(Self.quoted($0));" } + [attach] + setup + locks
        return [
            program, "-no-init", "-batch", "-bail", format, "-no-stdin", "-cmd",
            commands.joined(separator: "\n"), "-cmd", ".safe_mode",
        ] + statements.flatMap { ["-c", $0] }
    }

    /// An identifier of SQL.
    static func quotedName(_ name: String) -> String {
        "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }

    /// A text of SQL.
    package static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "''") + "'"
    }

    /// The line of DuckDB's error message: the hint in it stays, the drawing of the place goes.
    package static func oneLine(_ message: String) -> String {
        let lines = message.split(separator: "\n").prefix { !$0.hasPrefix("LINE ") }
        return lines.joined(separator: " ")
    }
}

/// What a query reads.
package struct StoreFolder: Equatable, Sendable {
    package let catalog: String
    /// Ends in a slash.
    package let dataPath: String
    /// Found first for names without a schema.
    package let schema = "ott"
    /// Where DuckDB puts what does not fit into memory; made only when needed, removed at the end.
    package let temporaryFolder: String

    package init(catalog: String, dataPath: String, temporaryFolder: String) {
        self.catalog = catalog
        self.dataPath = dataPath.hasSuffix("/") ? dataPath : dataPath + "/"
        self.temporaryFolder = temporaryFolder
    }
}
