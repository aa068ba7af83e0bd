import Base
import Columns

/// A table of the schema `ott` that the coordinator fills itself, a few rows at a time.
///
/// What happened to other tables is kept where they are: any reader of the store finds it.
struct SystemTable: Sendable, Equatable {
    static let schema = "ott"

    let name: String
    let columns: [ColumnDeclaration]
}

/// One value of a row of a ``SystemTable``.
enum SystemValue: Sendable, Equatable {
    case null
    case text(String)
    /// Of int32 and int64.
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case timestamp(WallTime)
    case texts([String])
}

/// Rows to be appended to a system table, all of them in one version.
struct SystemRows: Sendable {
    /// Rows of one append: those of one row group's batch.
    static let limit = ColumnBatch.rowCapacity

    let table: SystemTable
    /// Each has one value for each column.
    let rows: [[SystemValue]]
    /// What makes the append happen once, however often it is tried; it begins with
    /// `Reign.commitKeyPrefix` of the job that it belongs to, and is forgotten with that job.
    ///
    /// Nil for rows that belong to no job: each call appends them once more.
    let commitKey: String?
    /// What `otjob snapshots` says of the version.
    let message: String

    init(_ table: SystemTable, rows: [[SystemValue]], commitKey: String? = nil, message: String) {
        precondition((1...Self.limit).contains(rows.count), "\(rows.count) rows of \(table.name)")
        self.table = table
        self.rows = rows
        self.commitKey = commitKey
        self.message = message
    }
}
