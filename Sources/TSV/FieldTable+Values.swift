import Columns

/// How a field becomes a value of fixed size.
///
/// Both may read 8 bytes behind `field`, whatever the length. Flags are 1 or 0, to be combined
/// without branches: nulls come in no order that a CPU could predict.
protocol FieldConversion {
    associatedtype Value

    /// The usual form of a value, found without a branch that depends on the text.
    ///
    /// The flag says whether the field has that form; the value means nothing if not.
    func usual(_ field: UnsafeRawPointer, _ length: Int) -> (value: Value, flag: UInt8)

    /// Any form of a value; nil when the field does not convert.
    func other(_ field: UnsafeRawPointer, _ length: Int) -> Value?

    /// The value where the flag is 1, else 0.
    func masked(_ value: Value, _ flag: UInt8) -> Value
}

extension FieldConversion where Value: FixedWidthInteger {
    @inline(__always)
    func masked(_ value: Value, _ flag: UInt8) -> Value {
        value & (0 &- Value(truncatingIfNeeded: flag))
    }
}

extension FieldTable {
    /// Fills values and validity of one column.
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
        var validCount = 0
        var failures = 0
        for row in 0..<rowCount {
            let start = bound[0] &+ 1
            let length = Int(bound[1] &- start)
            bound += stride
            let field = text + Int(start)
            let isNull: UInt8 = null.matches(field, length) ? 1 : 0
            var (value, flag) = conversion.usual(field, length)
            // One branch that is nearly always taken the same way, nulls included.
            if flag | isNull == 0 {
                if let converted = conversion.other(field, length) {
                    value = converted
                    flag = 1
                } else {
                    failures &+= 1
                }
            }
            flag &= isNull ^ 1
            values[row] = conversion.masked(value, flag)
            validity[row] = flag
            validCount &+= Int(flag)
        }
        batch.nullCount = rowCount - validCount
        batch.conversionFailures = failures
    }
}
