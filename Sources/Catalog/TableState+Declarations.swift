import Columns

extension TableState {
    /// The columns as a job file would declare them; nil where some are of a type that none can.
    var declarations: [ColumnDeclaration]? {
        var columns: [ColumnDeclaration] = []
        for stored in topLevel {
            let storage = ColumnStorage.allCases.first { column(stored, isStoredAs: $0) }
            guard let storage else { return nil }
            columns.append(
                ColumnDeclaration(
                    name: stored.name,
                    type: ColumnType(storage),
                    isRequired: !stored.allowsNull
                )
            )
        }
        return columns
    }
}

extension ColumnType {
    /// A type that is stored like this.
    fileprivate init(_ storage: ColumnStorage) {
        self =
            switch storage {
            case .string: .string
            case .int32: .int32
            case .int64: .int64
            case .float64: .float64
            case .boolean: .boolean
            case .date: .date
            case .timestamp: .timestamp
            case .stringList: .jsonList
            }
    }
}
