import Base
import Columns
import Wire

extension AttemptReport {
    /// The report as lines of a job's log; `result` is what came of the attempt, if it did not fail.
    func lines(_ result: TransformResult?, columns: [ColumnDeclaration]) -> [String] {
        var parts = Stage.allCases.compactMap { stage in
            times[stage].map { "\(stage.phrase) \(milliseconds($0)) ms" }
        }
        if let result {
            let failures = result.conversionFailures.reduce(0, +)
            parts.append(
                "\(result.rows) rows, \(result.rejected) rejected, \(failures) fields not converted"
            )
            parts.append("\(result.payloadSizeBytes) bytes of result")
        }
        if peakMemoryBytes > 0 { parts.append("peak memory \(peakMemoryBytes >> 20) MiB") }
        let summary = parts.isEmpty ? [] : [parts.joined(separator: ", ")]
        return summary
            + examples.map { example in
                let isDeclared = columns.indices.contains(example.column)
                let name = isDeclared ? columns[example.column].name : "\(example.column)"
                return "line \(example.line), column \(name): "
                    + "\(LogText.quoted(example.text)) does not convert"
            }
    }

    private func milliseconds(_ time: Duration) -> String {
        let tenths = time.nanoseconds / 100_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension AttemptReport.Stage {
    /// How it stands before a time.
    fileprivate var phrase: String {
        switch self {
        case .received: "received in"
        case .waited: "waited"
        case .inflated: "inflated in"
        case .converted: "converted in"
        case .encoded: "encoded in"
        case .hashed: "hashed in"
        case .held: "held for"
        case .sent: "sent in"
        }
    }
}
