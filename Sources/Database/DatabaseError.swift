import CSQLite

/// A failure of SQLite: what it said, about which statement of which file, and what to do.
///
/// The codes are those of https://sqlite.org/rescode.html. Values bound to the statement are kept
/// out, because they hold users' data.
package struct DatabaseError: Error, Hashable, Sendable {
    /// The primary result code, as `SQLITE_BUSY` (5).
    package let code: Int32
    /// The extended result code, as `SQLITE_IOERR_FSYNC` (1034).
    package let extendedCode: Int32
    package let message: String
    /// The SQL that failed; nil when the file itself could not be opened.
    package let statement: String?
    package let path: String

    package init(extendedCode: Int32, message: String, statement: String?, path: String) {
        code = extendedCode & 0xFF
        self.extendedCode = extendedCode
        self.message = message
        self.statement = statement
        self.path = path
    }

    /// Whether another process held the lock longer than the busy timeout; trying again is safe.
    package var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }

    /// Whether a UNIQUE, NOT NULL, CHECK or foreign key constraint said no.
    package var isConstraint: Bool { code == SQLITE_CONSTRAINT }

    /// Whether the disk is full.
    package var isDiskFull: Bool { code == SQLITE_FULL }
}

extension DatabaseError: CustomStringConvertible {
    package var description: String {
        let about = statement.map { " (\(Self.shortened($0)))" } ?? ""
        return "\(path): \(message), SQLite code \(extendedCode)\(about)\(advice)"
    }

    private static func shortened(_ statement: String) -> String {
        let words = statement.split { $0 == " " || $0.isNewline }.joined(separator: " ")
        let limit = 200
        return words.count > limit ? words.prefix(limit) + "…" : words
    }

    private var advice: String {
        switch code {
        case SQLITE_BUSY, SQLITE_LOCKED:
            "; another program holds the database: end its transaction, or try again"
        case SQLITE_FULL: "; free space on its disk"
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY:
            "; check that the file and its folder exist and are writable"
        case SQLITE_NOTADB, SQLITE_CORRUPT:
            "; the file is damaged or no SQLite database: restore it from a backup"
        case SQLITE_IOERR: "; check the disk (dmesg)"
        default: ""
        }
    }
}

/// An error type that can hold a `DatabaseError`, so that a transaction throws one type only.
package protocol DatabaseErrorConvertible: Error {
    init(_ error: DatabaseError)
}

extension DatabaseError: DatabaseErrorConvertible {
    package init(_ error: DatabaseError) { self = error }
}
