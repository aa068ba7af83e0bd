package import Columns

/// The values that all rows of a partition have in common, as their keys tell them.
package enum PartitionValues {
    /// One value for each field; nil is null.
    package static func values(
        of key: [UInt8],
        _ declaration: TransformDeclaration
    ) throws(SortingError) -> [ColumnBound?] {
        var rest = key[...]
        var values: [ColumnBound?] = []
        for field in declaration.partitionBy {
            let storage = declaration.columns[field.column].type.storage
            switch (field.transform, storage) {
            case (.identity, .string): values.append(try KeyCoding.text(&rest).map { .text($0) })
            case (.identity, .boolean):
                values.append(try KeyCoding.integer(&rest).map { .boolean($0 != 0) })
            default: values.append(try KeyCoding.integer(&rest).map { .integer($0) })
            }
        }
        guard rest.isEmpty else { throw .malformedKey }
        return values
    }
}
