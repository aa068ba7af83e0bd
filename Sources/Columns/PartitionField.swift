/// What a partition is told apart by: a column, or something that is made of its values.
package struct PartitionField: Hashable, Sendable {
    package enum Transform: Hashable, Sendable {
        case identity
        /// Of a date or timestamp: the year, the month of the year, the day of the month.
        case year, month, day
        /// One of so many buckets, by a hash of the value.
        case bucket(Int)
    }

    package let transform: Transform
    /// Index of the column in its table.
    package let column: Int

    package init(_ transform: Transform, column: Int) {
        self.transform = transform
        self.column = column
    }

    /// Whether values that are stored like this can be partitioned by.
    ///
    /// A list has no single value, and equal floating-point numbers have no single spelling.
    package static func takes(_ storage: ColumnStorage, _ transform: Transform) -> Bool {
        switch (transform, storage) {
        case (.identity, .float64), (.identity, .stringList): false
        case (.identity, _): true
        case (.year, .date), (.month, .date), (.day, .date): true
        case (.year, .timestamp), (.month, .timestamp), (.day, .timestamp): true
        case (.year, _), (.month, _), (.day, _): false
        case (.bucket, .boolean), (.bucket, .float64), (.bucket, .stringList): false
        case (.bucket, _): true
        }
    }
}
