import Base
import Columns

/// The columns that a table is to have, set against those it has: pure.
///
/// A column of the same name and type keeps its id. A retyped one is dropped and comes back under a
/// new id, so that the files of older versions still read as what they are.
struct ColumnLayout {
    /// A column that the table will have.
    struct Target {
        let declaration: ColumnDeclaration
        let ids: ColumnIDs
        let order: Int64
        /// Nil for a column that is added.
        let stored: StoredColumn?

        /// Whether the catalog's row of this column stays as it is.
        var isUnchanged: Bool {
            stored.map { $0.order == order && $0.allowsNull == !declaration.isRequired } ?? false
        }
    }

    let targets: [Target]
    /// Columns that end, those within them included.
    let dropped: [StoredColumn]

    /// Whether a table that exists must be altered.
    var isAltered: Bool { !dropped.isEmpty || targets.contains { !$0.isUnchanged } }

    init(_ columns: [ColumnDeclaration], replacing state: TableState) {
        var nextID = state.nextColumnID
        var kept: [StoredColumn?] = []
        var ids: [ColumnIDs] = []
        for column in columns {
            let stored = state.topLevel.first {
                $0.name == column.name && state.column($0, isStoredAs: column.type.storage)
            }
            kept.append(stored)
            ids.append(stored.map { state.ids(of: $0) } ?? Self.takeIDs(for: column, &nextID))
        }
        let orders = Self.orders(kept: kept, ids: ids)
        targets = columns.indices.map {
            Target(
                declaration: columns[$0],
                ids: ids[$0],
                order: orders[$0],
                stored: kept[$0]
            )
        }
        var keptIDs = Set(kept.compactMap { $0?.id })
        // A child's parent has the smaller id, so one pass in the order of ids reaches every level.
        for column in state.columns.sorted(by: { $0.id < $1.id }) {
            if let parent = column.parent, keptIDs.contains(parent) { keptIDs.insert(column.id) }
        }
        dropped = state.columns.filter { !keptIDs.contains($0.id) }
    }

    private static func takeIDs(for column: ColumnDeclaration, _ next: inout Int64) -> ColumnIDs {
        let isList = column.type.storage == .stringList
        defer { next += isList ? 2 : 1 }
        return ColumnIDs(
            column: Int32(clamping: next),
            element: isList ? Int32(clamping: next + 1) : nil
        )
    }

    /// The places of the columns: those they have where that already gives the wanted order.
    ///
    /// A column added behind all others takes its id as its place, as in a fresh table.
    private static func orders(kept: [StoredColumn?], ids: [ColumnIDs]) -> [Int64] {
        var orders: [Int64] = []
        for (stored, ids) in zip(kept, ids) {
            let last = orders.last ?? 0
            if let stored {
                guard stored.order > last else { return (1...Int64(kept.count)).map { $0 } }
                orders.append(stored.order)
            } else {
                orders.append(max(last + 1, Int64(ids.column)))
            }
        }
        return orders
    }
}

extension ColumnLayout {
    /// Checks that rows of `columns` may be added to the table as it is.
    static func checkAppend(
        _ columns: [ColumnDeclaration],
        to state: TableState,
        table: String
    ) throws(CatalogError) {
        func refuse(_ column: String, _ reason: String) -> CatalogError {
            .appendDiffers(table: table, column: column, reason: reason)
        }
        for column in columns {
            let named = state.topLevel.first { $0.name == column.name }
            guard let stored = named else {
                throw refuse(column.name, "is not in the table")
            }
            guard state.column(stored, isStoredAs: column.type.storage) else {
                let wanted = column.type.storage.duckLakeType
                throw refuse(column.name, "is \(state.typeText(of: stored)), not \(wanted)")
            }
            guard stored.allowsNull || column.isRequired else {
                throw refuse(column.name, "must not be null in the table, but is not required")
            }
        }
        let names = Set(columns.map(\.name))
        if let extra = state.topLevel.first(where: { !names.contains($0.name) }) {
            throw refuse(extra.name, "of the table is missing")
        }
    }

    /// Checks names and number of declared columns.
    static func checkDeclared(
        _ columns: [ColumnDeclaration],
        table: String
    ) throws(CatalogError) {
        guard (1...Limits.columns).contains(columns.count) else {
            throw .badColumns(
                table: table,
                reason: "\(columns.count) of them, where 1 to \(Limits.columns) may be"
            )
        }
        var seen: Set<String> = []
        for column in columns {
            let isPrintable = column.name.unicodeScalars.allSatisfy { $0.value >= 0x20 }
            guard (1...maximumNameBytes).contains(column.name.utf8.count), isPrintable else {
                throw .badColumns(
                    table: table,
                    reason: "\"\(column.name)\" is no name; use 1 to \(maximumNameBytes) bytes"
                        + " without control characters"
                )
            }
            guard seen.insert(column.name.lowercased()).inserted else {
                throw .badColumns(
                    table: table,
                    reason: "\(column.name) is there twice (upper and lower case are the same);"
                        + " rename one"
                )
            }
        }
    }

    /// Bytes of a column's name: a guess, far above what headers of data files hold.
    private static var maximumNameBytes: Int { 255 }
}
