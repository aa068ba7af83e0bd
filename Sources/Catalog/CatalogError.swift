package import Base
package import Database
package import Storage

/// Why the table store's catalog cannot be opened, or a publication is refused.
package enum CatalogError: Error, Hashable, Sendable {
    case database(DatabaseError)
    case storage(StorageError)
    /// The file is a SQLite database, but no DuckLake.
    case notACatalog(path: String)
    case unsupportedVersion(path: String, version: String)
    case encrypted(path: String)
    case otherDataPath(path: String, stored: String, wanted: String)
    /// There is a rollback journal without the database it belongs to.
    case strayJournal(path: String)
    /// The catalog breaks a rule of DuckLake that this code relies on.
    case damaged(path: String, reason: String)
    case badName(kind: String, name: String)
    case badColumns(table: String, reason: String)
    /// The columns of an append are not those of the table.
    case appendDiffers(table: String, column: String, reason: String)
    /// A table was wanted where a view is, or the other way round.
    case nameTaken(name: String, by: String)
    /// The table's columns or folder changed after the files were planned.
    case planOutdated(table: String)
    /// Tables, columns or views changed after views were checked against them.
    case schemaChanged
    case noTable(name: String)
    /// An older version of a table cannot become the newest one.
    case notRestorable(table: String, reason: String)
    case noView(name: String)
    /// Another coordinator of the same job store has begun since.
    case fenced(Reign, by: Int64)

    /// Whether another process held the catalog too long; the same call may be made again.
    package var isBusy: Bool {
        if case .database(let error) = self { error.isBusy } else { false }
    }

    /// Whether the disk of the catalog is full.
    package var isDiskFull: Bool {
        switch self {
        case .database(let error): error.isDiskFull
        case .storage(let error): error.isDiskFull
        default: false
        }
    }
}

extension CatalogError: DatabaseErrorConvertible {
    package init(_ error: DatabaseError) { self = .database(error) }
}

extension CatalogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .database(let error): "catalog \(error)"
        case .storage(let error): "catalog: \(error)"
        case .notACatalog(let path):
            "\(path) is not a DuckLake catalog; name another file, or move this one away"
        case .unsupportedVersion(let path, let version):
            "catalog \(path) has version \(version), but only 1.0 can be written;"
                + " use the release that wrote it"
        case .encrypted(let path):
            "catalog \(path) asks for encrypted files, which cannot be written;"
                + " use another catalog"
        case .otherDataPath(let path, let stored, let wanted):
            "catalog \(path) keeps its files in \(stored), not in \(wanted);"
                + " set the table storage to that folder, or name another catalog"
        case .strayJournal(let path):
            "\(path)-journal is there without \(path); restore the catalog it belongs to,"
                + " or move the journal away"
        case .damaged(let path, let reason): "catalog \(path): \(reason); restore it from a backup"
        case .badName(let kind, let name):
            "\"\(name)\" is no name for a \(kind); use a letter a-z, then at most 62 of a-z, 0-9, _"
        case .badColumns(let table, let reason): "columns of \(table): \(reason)"
        case .appendDiffers(let table, let column, let reason):
            "cannot append to \(table): column \(column) \(reason);"
                + " change the job file, or write with replace"
        case .fenced(let reign, let epoch):
            "this coordinator (epoch \(reign.epoch)) may not publish any more: another one (epoch"
                + " \(epoch)) goes on with its jobs; end this one"
        case .nameTaken(let name, let by):
            "\(name) is a \(by) already; drop it, or choose another name"
        case .planOutdated(let table):
            "\(table) was altered by another program while its files were written; run the job again"
        case .schemaChanged: "tables or views changed while views were checked; try again"
        case .noTable(let name): "there is no table \(name); see otjob tables"
        case .notRestorable(let table, let reason): "\(table) \(reason); see otjob snapshots"
        case .noView(let name): "there is no view \(name); see otjob views"
        }
    }
}
