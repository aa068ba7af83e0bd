package import Base
package import Columns

/// A view that is published with its table.
package struct ViewDeclaration: Sendable, Equatable {
    package let name: String
    /// A SELECT that names tables as `"schema"."table"`.
    package let sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// A job that loads one table: what a job file with `job:` says.
///
/// docs/formats/job-file.md is the reference of the format.
package struct JobDeclaration: Sendable, Equatable {
    package let name: String
    /// A path or a glob as written, with `${name}` where parameters go; see `ResolvedJob.input`.
    package let input: String
    package let table: String
    package let schema: String
    package let transform: TransformDeclaration
    /// Whether the first line must name the columns.
    package let hasHeader: Bool
    /// Whether an input without rows is loaded rather than refused.
    package let allowEmpty: Bool
    package let write: WriteMode
    package let rejectLimits: RejectLimits
    /// What must hold before a version is published.
    package let checks: [CheckDeclaration]
    package let views: [ViewDeclaration]
    /// The declared parameters with their defaults.
    package let parameters: [String: String]
    /// The file it was read from, for messages.
    package let source: String
    /// The YAML itself: what is stored with a submitted job and read again.
    package let text: String

    /// The table that takes the rows which are no rows of this one.
    package var rejectsTable: String { table + JobDeclaration.rejectsSuffix }

    package static let rejectsSuffix = "_rejects"
}
