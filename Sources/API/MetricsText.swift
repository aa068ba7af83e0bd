/// Figures in Prometheus's text form, version 0.0.4, one family after another.
///
/// Format: https://prometheus.io/docs/instrumenting/exposition_formats/. Names and units follow its
/// conventions: base units, and `_total` at the end of counters, which only ever grow.
package struct MetricsText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package enum Kind: String {
        case counter
        case gauge
    }

    /// One value of a family, told from the others by its labels.
    package struct Sample {
        var labels: [(name: String, value: String)]
        var value: Double

        package init(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
            self.labels = labels.map { ($0.key, $0.value) }
            self.value = value
        }

        package init(_ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
            self.init(Double(value), labels)
        }
    }

    package private(set) var text = ""

    package init() {}

    /// Adds a family with its samples and one sentence for people; without samples it says nothing,
    /// and is left out.
    package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map {
                "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\""
            }
            text += name
            if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}" }
            text += " \(Self.number(sample.value))\n"
        }
    }

    package mutating func add(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        _ value: some BinaryInteger
    ) {
        add(name, kind, help, [Sample(value)])
    }

    package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        add(name, kind, help, [Sample(value)])
    }

    /// Whole numbers without a fraction, as people expect counts.
    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { "\(whole)" } else { "\(value)" }
    }

    /// Names of pools, tables and jobs come from outside; a line break would begin a sample.
    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
