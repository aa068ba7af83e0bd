import Columns

/// How a field becomes a value of fixed size.
///
/// Both may read 8 bytes behind `field`, whatever the length.
protocol FieldConversion {
    associatedtype Value: Numeric

    /// The usual form of a value, found without a branch that depends on the text.
    ///
    /// The flag says whether the field has that form; the value means nothing if not.
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Value, isUsual: Bool)

    /// Any form of a value; nil when the field does not convert.
    func other(_ field: UnsafeRawPointer, _ length: Int) -> Value?
}

extension FieldTable {
    /// Fills values and validity of one column.
    @inline(__always)
    func fillValues<Conversion: FieldConversion>(
        _ batch: ColumnBatch,
        _ column: Int,
        _ null: some NullTest,
        _ conversion: Conversion,
        _ values: UnsafeMutablePointer<Conversion.Value>
    ) {
        let validity = batch.validity
        let text = UnsafeRawPointer(text)
        let stride = stride
        var bound = bounds + column
        var nullCount = 0
        var failures = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let length = Int(bound[1] &- start)
            bound += stride
            let field = text + Int(start)
            let isNull = null.matches(field, length)
            var (value, isValue) = conversion.usual(field, length)
            // One branch that is nearly always taken the same way, nulls included.
            if !(isValue || isNull) {
                let converted = conversion.other(field, length)
                isValue = converted != nil
                value = converted ?? 0
                failures &+= isValue ? 0 : 1
            }
            let isValid = isValue && !isNull
            values[row] = isValid ? value : 0
            validity[row] = isValid ? 1 : 0
            nullCount &+= isValid ? 0 : 1
        }
        batch.nullCount = nullCount
        batch.conversionFailures = failures
    }
}
