/// What must hold for a table before a new version of it is published.
package struct CheckDeclaration: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// No two rows are equal in these columns.
        case unique([String])
        case notNull(String)
        /// Every value is within the bounds, which are texts of the column's type.
        case range(String, minimum: String?, maximum: String?)
        /// Every value has a match of the regular expression in it.
        case pattern(String, String)
        case allowed(String, [String])
        /// Every value is one of a column of another table, as that is when this one is checked.
        case references(String, schema: String, table: String, key: String)
        /// The number of rows, also set against that of the version before.
        case rowCount(RowCountLimits)
        /// The shares of the version's most frequent values before are those of now, nearly.
        case distribution(String, top: Int, maxChange: Double)
    }

    /// Limits on the number of rows; nil is none.
    package struct RowCountLimits: Sendable, Equatable {
        package var minimum: Int64?
        /// Largest share of the rows before that may be missing, and that may be new.
        package var maxDrop: Double?
        package var maxGrowth: Double?

        package init(minimum: Int64? = nil, maxDrop: Double? = nil, maxGrowth: Double? = nil) {
            self.minimum = minimum
            self.maxDrop = maxDrop
            self.maxGrowth = maxGrowth
        }
    }

    package enum Severity: String, Sendable, Equatable {
        /// The new version is not published.
        case error
        /// The result is recorded.
        case warn
    }

    package let kind: Kind
    package let severity: Severity
    /// Rows that may break the rule.
    package let maxRows: Int64

    /// As it stands in `ott.data_quality`: `unique(titleId, ordering)`.
    package var name: String {
        switch kind {
        case .unique(let columns): "unique(\(columns.joined(separator: ", ")))"
        case .notNull(let column): "not_null(\(column))"
        case .range(let column, _, _): "range(\(column))"
        case .pattern(let column, _): "pattern(\(column))"
        case .allowed(let column, _): "allowed(\(column))"
        case .references(let column, let schema, let table, let key):
            "references(\(column), \(schema).\(table).\(key))"
        case .rowCount: "row_count"
        case .distribution(let column, let top, _): "distribution(\(column), \(top))"
        }
    }
}
