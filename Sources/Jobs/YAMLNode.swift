/// A value of a YAML file with its place; the whole file is one of these.
///
/// Only the part of YAML that a configuration needs: scalars, lists and mappings with scalar keys.
/// Anchors, aliases, tags and further documents are refused, so that what a file means can be read
/// off it and no file grows when it is read.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        /// `isPlain` tells a bare word from a quoted or block one: only a bare one can be missing.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    package let content: Content
    package let location: SourceLocation

    /// What the node is, for messages.
    var kind: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// An error that points at this node.
    func error(_ message: String) -> ConfigurationError { location.error(message) }
}

/// A key of a mapping and its value, in the order of the file.
package struct YAMLEntry: Sendable {
    package let key: String
    package let location: SourceLocation
    package let value: YAMLNode
}

/// How large and how deep a YAML file may be; beyond is an error that names the limit.
package enum YAMLLimits {
    /// Bytes of one file; a job of 1,024 columns with long names takes about 200 KB.
    ///
    /// Must stay below `Limits.httpBodyBytes`, because a job file travels in a request.
    package static let fileSizeBytes = 256 << 10
    /// Lists and mappings within each other; the deepest valid file has 4.
    ///
    /// Bounds the recursion of the reader.
    package static let depth = 16
    /// Values of all kinds, keys included; the columns of the widest table take about 11,000.
    package static let nodes = 32 << 10
}
