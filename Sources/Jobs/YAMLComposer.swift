extension YAMLNode {
    /// Reads a text that holds one YAML document; `file` is its name, for places and errors.
    package static func parse(
        text: String,
        file: String
    ) throws(ConfigurationError) -> YAMLNode {
        guard text.utf8.count <= YAMLLimits.fileSizeBytes else {
            throw SourceLocation(file: file).error(
                "is \(text.utf8.count) bytes long; at most \(YAMLLimits.fileSizeBytes) are read"
            )
        }
        var composer = YAMLComposer(events: try YAMLEventStream(text: text, file: file), file: file)
        return try composer.document()
    }
}

/// Makes nodes of events.
private struct YAMLComposer {
    let events: YAMLEventStream
    let file: String
    var nodeCount = 0

    mutating func document() throws(ConfigurationError) -> YAMLNode {
        _ = try events.next()
        guard case .documentStart = try events.next().event else {
            throw SourceLocation(file: file).error("is empty; write at least one 'key: value'")
        }
        let first = try events.next()
        let root = try node(first.event, at: first.location, depth: 0)
        _ = try events.next()
        let end = try events.next()
        guard case .streamEnd = end.event else {
            throw end.location.error("a second document begins here; a file holds one")
        }
        return root
    }

    private mutating func node(
        _ event: YAMLEventStream.Event,
        at location: SourceLocation,
        depth: Int
    ) throws(ConfigurationError) -> YAMLNode {
        guard depth <= YAMLLimits.depth else {
            throw location.error("nested deeper than \(YAMLLimits.depth) lists and mappings")
        }
        try countNode(at: location)
        switch event {
        case .scalar(let text, let isPlain):
            return YAMLNode(content: .scalar(text, isPlain: isPlain), location: location)
        case .sequenceStart:
            return YAMLNode(content: .sequence(try elements(depth: depth)), location: location)
        case .mappingStart:
            return YAMLNode(content: .mapping(try entries(depth: depth)), location: location)
        default:
            preconditionFailure("libyaml sent \(event) where a value begins")
        }
    }

    private mutating func elements(depth: Int) throws(ConfigurationError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let (event, location) = try events.next()
            if case .sequenceEnd = event { return elements }
            elements.append(try node(event, at: location, depth: depth + 1))
        }
    }

    /// Keys and values; libyaml leaves it to its caller to notice a key that stands twice.
    private mutating func entries(depth: Int) throws(ConfigurationError) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var lines: [String: Int] = [:]
        while true {
            let (event, location) = try events.next()
            if case .mappingEnd = event { return entries }
            guard case .scalar(let key, _) = event else {
                throw location.error("a key must be a single word")
            }
            try countNode(at: location)
            if let line = lines.updateValue(location.line, forKey: key) {
                throw location.error("key '\(key)' is given twice; first in line \(line)")
            }
            let value = try events.next()
            let node = try node(value.event, at: value.location, depth: depth + 1)
            entries.append(YAMLEntry(key: key, location: location, value: node))
        }
    }

    private mutating func countNode(at location: SourceLocation) throws(ConfigurationError) {
        nodeCount += 1
        guard nodeCount <= YAMLLimits.nodes else {
            throw location.error("more than \(YAMLLimits.nodes) values in one file")
        }
    }
}
