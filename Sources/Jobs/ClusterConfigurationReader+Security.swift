import Base

/// Where the coordinator listens, and what protects it there.
///
/// failure-model.md, section 4: an address that other machines reach needs TLS and a token, and no
/// switch turns that off.
extension ClusterConfigurationReader {
    /// Whether files are there is checked now, while their place in the configuration is known.
    func security(
        _ node: YAMLNode?
    ) throws(ConfigurationError) -> ClusterConfiguration.Security {
        let mapping = try mapping(
            node,
            "security",
            keys: ["tls", "directory", "token_file", "worker_certificates"]
        )
        let directory = try mapping["directory"].map { node throws(ConfigurationError) in
            try securityDirectory(node)
        }
        let tls = try tls(mapping["tls"], hasDirectory: directory != nil)
        var tokenFile = directory.map { $0 + "/token" }
        if let node = mapping["token_file"] {
            let file = try path(node, "token_file")
            guard ConfigurationFile.isReadable(file) else {
                throw node.error("'token_file' cannot be read: \(file)")
            }
            tokenFile = file
        }
        return ClusterConfiguration.Security(
            tls: tls,
            directory: directory,
            tokenFile: tokenFile,
            workerCertificates: try mapping.duration(
                "worker_certificates",
                default: .seconds(86_400),
                in: Bounds.workerCertificates
            )
        )
    }

    private func securityDirectory(_ node: YAMLNode) throws(ConfigurationError) -> String {
        let directory = try path(node, "directory")
        for name in ["ca.pem", "ca.key", "coordinator.pem"]
        where !ConfigurationFile.isReadable(directory + "/" + name) {
            throw node.error(
                "\(directory)/\(name) cannot be read; make it with: otjob cluster init --dir "
                    + "\(directory) --host NAME"
            )
        }
        return directory
    }

    private func tls(
        _ node: YAMLNode?,
        hasDirectory: Bool
    ) throws(ConfigurationError) -> ClusterConfiguration.Security.TLS {
        guard let node else { return .auto }
        let text = try node.text("tls")
        switch text {
        case "auto": return .auto
        case "required" where hasDirectory: return .required
        case "required": throw node.error("'tls: required' needs 'directory', with certificates")
        default: throw node.error("'tls' must be auto or required, not '\(text)'")
        }
    }

    func listen(
        _ node: YAMLNode?,
        _ security: ClusterConfiguration.Security
    ) throws(ConfigurationError) -> ClusterConfiguration.Listen {
        let mapping = try mapping(node, "listen", keys: ["workers", "http", "hosts"])
        let isProtected = security.directory != nil
        let workers = try address(mapping, "workers", "127.0.0.1:7077", isProtected)
        let http = try address(mapping, "http", "127.0.0.1:8080", isProtected)
        // Port 0 lets the system choose, so two of them are two ports.
        if workers == http, !http.hasSuffix(":0") {
            throw mapping.location.error("'workers' and 'http' need different ports")
        }
        return ClusterConfiguration.Listen(
            workers: workers,
            http: http,
            hosts: try hostNames(mapping, "hosts")
        )
    }

    /// Names and numeric addresses of hosts, without ports (RFC 1123 section 2.1).
    private func hostNames(
        _ mapping: YAMLMapping,
        _ key: String
    ) throws(ConfigurationError) -> [String] {
        try mapping.texts(key).map { (text, node) throws(ConfigurationError) in
            let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
            let isName = text.allSatisfy { allowed.contains($0) }
            let isVersion6 = text.allSatisfy { "0123456789abcdefABCDEF:".contains($0) }
            guard !text.isEmpty, text.utf8.count <= 253, isName || isVersion6 else {
                throw node.error(
                    "an element of '\(key)' must be a host's name or numeric address without a "
                        + "port, not '\(text)'"
                )
            }
            return text
        }
    }

    private func address(
        _ mapping: YAMLMapping,
        _ key: String,
        _ value: String,
        _ isProtected: Bool
    ) throws(ConfigurationError) -> String {
        guard let node = mapping[key] else { return value }
        let address = try node.reading(key) { text throws(ValueProblem) in
            try ListenAddress(text)
        }
        guard isProtected || address.isLoopback else {
            throw node.error(
                "'\(key)' is \(address.host), which other machines reach; that needs certificates: "
                    + "run otjob cluster init --dir security --host NAME and write "
                    + "'security: {directory: security}', or listen on 127.0.0.1:\(address.port)"
            )
        }
        return try node.text(key)
    }
}
