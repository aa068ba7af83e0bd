import Base
import Columns
import Jobs

/// The table of all results of checks.
enum QualityTable {
    static let table = SystemTable(
        name: "data_quality",
        columns: [
            ColumnDeclaration(name: "checked_at", type: .timestamp, isRequired: true),
            ColumnDeclaration(name: "job", type: .string, isRequired: true),
            ColumnDeclaration(name: "table", type: .string, isRequired: true),
            ColumnDeclaration(name: "check", type: .string, isRequired: true),
            ColumnDeclaration(name: "severity", type: .string, isRequired: true),
            ColumnDeclaration(name: "value", type: .float64),
            ColumnDeclaration(name: "threshold", type: .float64),
            ColumnDeclaration(name: "passed", type: .boolean, isRequired: true),
            ColumnDeclaration(name: "examples", type: .jsonList),
        ]
    )

    static func rows(
        _ results: [CheckResult],
        job: JobID,
        table: String,
        at time: WallTime
    ) -> [[SystemValue]] {
        results.map { result in
            [
                .timestamp(time), .text("\(job)"), .text(table), .text(result.check.name),
                .text(result.check.severity.rawValue), number(result.value),
                number(result.threshold), .boolean(result.passed), .texts(result.examples),
            ]
        }
    }

    /// The name of a table as `otjob quality` takes it.
    static func name(schema: String, table: String) -> String {
        schema == SystemTable.schema ? table : "\(schema).\(table)"
    }

    static func number(_ value: Double?) -> SystemValue {
        value.map { .double($0) } ?? .null
    }
}
