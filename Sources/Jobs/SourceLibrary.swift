/// All sources that are known by the name of a dataset: the shipped ones and the users'.
///
/// Immutable once read. A file of `sources:` in `cluster.yaml` may declare a shipped dataset anew,
/// as from a mirror.
package struct SourceLibrary: Sendable {
    private let sources: [String: SourceDeclaration]

    /// Reads the shipped sources, and the files in order.
    package init(files: [String]) throws(ConfigurationError) {
        var sources: [String: SourceDeclaration] = [:]
        for (path, text) in ShippedJobs.sources {
            try Self.read(text, file: "shipped:" + path, into: &sources)
        }
        for file in files {
            try Self.read(try ConfigurationFile.read(file), file: file, into: &sources)
        }
        self.sources = sources
    }

    /// The names of all datasets, sorted.
    package var datasets: [String] { sources.keys.sorted() }

    /// The source of a dataset.
    package func source(of dataset: String) throws(SourceError) -> SourceDeclaration {
        guard let source = sources[dataset] else {
            throw .unknownDataset(dataset, known: datasets)
        }
        return source
    }

    /// The sources that somebody names: datasets, URLs and paths; all declared ones for no name.
    package func sources(named names: [String]) throws(SourceError) -> [SourceDeclaration] {
        var found: [SourceDeclaration] = []
        for name in names.isEmpty ? datasets : names {
            let isDataset = !name.contains("/") && !name.contains(":")
            let source = isDataset ? try source(of: name) : try SourceDeclaration(name)
            guard !found.contains(where: { $0.dataset == source.dataset }) else {
                throw .twice(source.dataset)
            }
            found.append(source)
        }
        return found
    }

    private static func read(
        _ text: String,
        file: String,
        into sources: inout [String: SourceDeclaration]
    ) throws(ConfigurationError) {
        let root = try YAMLMapping(
            try YAMLNode.parse(text: text, file: file),
            "a file of sources",
            keys: ["sources"]
        )
        var seen: Set<String> = []
        for element in try root.required("sources").elements("sources") {
            let source = try SourceDeclaration(element)
            guard seen.insert(source.dataset).inserted else {
                throw element.error("the dataset '\(source.dataset)' has two sources")
            }
            sources[source.dataset] = source
        }
    }
}

extension SourceDeclaration {
    fileprivate init(_ node: YAMLNode) throws(ConfigurationError) {
        let keys = ["dataset", "url", "file_name", "md5"]
        let mapping = try YAMLMapping(node, "a source", keys: keys)
        let url = try mapping.required("url")
        let (text, md5) = (try url.text("url"), try Self.md5(mapping["md5"]))
        let dataset = try mapping.required("dataset").name("dataset")
        let fileName = try mapping["file_name"]?.text("file_name")
        do throws(SourceError) {
            try self.init(text, dataset: dataset, fileName: fileName, md5: md5)
        } catch {
            throw url.error("\(error)")
        }
    }

    private static func md5(_ node: YAMLNode?) throws(ConfigurationError) -> String? {
        guard let node else { return nil }
        let text = try node.text("md5").lowercased()
        guard text.utf8.count == 32, text.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            throw node.error("'md5' must be 32 hexadecimal digits, not '\(text)'")
        }
        return text
    }
}
