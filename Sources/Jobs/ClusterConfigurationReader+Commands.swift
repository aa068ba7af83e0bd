import Base

/// The commands of a pool whose provider is `command`.
extension ClusterConfigurationReader {
    static let commandKeys = ["start", "stop", "hosts", "command_timeout"]

    /// What starts and stops the workers of such a pool; nil of one with another provider.
    func command(
        _ mapping: YAMLMapping,
        _ provider: PoolDeclaration.Provider
    ) throws(ConfigurationError) -> CommandDeclaration? {
        guard provider == .command else {
            for key in Self.commandKeys {
                if let location = mapping.keyLocation(key) {
                    throw location.error("'\(key)' is for pools with the provider command")
                }
            }
            return nil
        }
        let hosts = try hosts(mapping)
        let command = CommandDeclaration(
            start: try template(mapping, "start", hasHosts: !hosts.isEmpty),
            stop: try template(mapping, "stop", hasHosts: !hosts.isEmpty),
            hosts: hosts,
            timeLimit: try mapping.duration(
                "command_timeout",
                default: .seconds(60),
                in: Bounds.commandTimeLimit
            )
        )
        if !hosts.isEmpty, !command.start.uses(.host), let location = mapping.keyLocation("hosts") {
            throw location.error("'start' does not say {host}, so 'hosts' has no effect")
        }
        return command
    }

    private func hosts(_ mapping: YAMLMapping) throws(ConfigurationError) -> [String] {
        var hosts: [String] = []
        for (text, node) in try mapping.texts("hosts") {
            // A leading hyphen would make it an option of the program it is given to.
            guard !text.isEmpty, !text.hasPrefix("-"), text.utf8.allSatisfy({ (33...126) ~= $0 })
            else { throw node.error("'\(text)' is no name of a host") }
            guard !hosts.contains(text) else { throw node.error("'\(text)' is listed twice") }
            hosts.append(text)
        }
        return hosts
    }

    private func template(
        _ mapping: YAMLMapping,
        _ key: String,
        hasHosts: Bool
    ) throws(ConfigurationError) -> CommandTemplate {
        let node = try mapping.required(key)
        var words: [String] = []
        for element in try node.elements(key) {
            let word = try element.text("a word of '\(key)'", quoted: false)
            try check(word, element, hasHosts: hasHosts)
            words.append(word)
        }
        guard Bounds.commandWords.contains(words.count), words.first?.isEmpty == false else {
            throw node.error(
                "'\(key)' must be a command line [program, argument, …] of "
                    + "\(Bounds.commandWords.lowerBound) to \(Bounds.commandWords.upperBound) words"
            )
        }
        let template = CommandTemplate(words: words)
        guard template.uses(.name) else {
            throw node.error(
                "'\(key)' must say {name}: it tells the worker apart from others "
                    + "(otjob worker --name {name})"
            )
        }
        return template
    }

    private func check(
        _ word: String,
        _ node: YAMLNode,
        hasHosts: Bool
    ) throws(ConfigurationError) {
        guard !word.unicodeScalars.contains("\0") else {
            throw node.error("a word of a command line cannot hold a zero byte")
        }
        let known = CommandTemplate.Placeholder.allCases.map(\.rawValue)
        for name in CommandTemplate.names(in: word) where !known.contains(name) {
            throw node.error(
                "unknown placeholder '{\(name)}'; " + Spelling.suggestion(for: name, in: known)
                    + "there are \(known.map { "{\($0)}" }.joined(separator: ", "))"
            )
        }
        if !hasHosts, CommandTemplate.names(in: word).contains("host") {
            throw node.error("{host} stands for one of 'hosts', which are missing here")
        }
    }
}
