import Columns

/// Where the fields of some rows are: what the loops over one column read.
///
/// Row r, column c lies behind the delimiter at `bounds[r * stride + c]`, and before the one at
/// `bounds[r * stride + c + 1]`. Two layouts use it: the scanner's own positions (stride is the
/// number of columns: a row's last delimiter is the next one's first), and rows picked one by one
/// (stride is one more: dropped rows and stripped CRs do not disturb the neighbours).
struct FieldTable {
    let text: UnsafeMutableRawPointer
    let bounds: UnsafePointer<UInt32>
    let stride: Int
    let rowCount: Int
    /// Bytes that the rows span, which is more than the elements of any list column among them.
    let spanBytes: Int

    /// Whether any field of a column is null.
    func hasNull(in column: Int, _ null: some NullTest) -> Bool {
        var bound = bounds + column
        for _ in 0..<rowCount {
            let start = bound[0] &+ 1
            if null.matches(text + Int(start), Int(bound[1] &- start)) { return true }
            bound += stride
        }
        return false
    }

    /// Converts one column into its batch: the only dispatch on the type, once per batch.
    func fill(
        _ batch: ColumnBatch,
        from column: Int,
        as type: ColumnType,
        _ null: some NullTest
    ) {
        batch.rowCount = rowCount
        batch.elementCount = 0
        batch.nullCount = 0
        batch.conversionFailures = 0
        switch type {
        case .string:
            fillStrings(batch, column, null)
        case .int32:
            fillValues(batch, column, null, IntegerConversion<Int32>(), batch.int32Values)
        case .int64:
            fillValues(batch, column, null, IntegerConversion<Int64>(), batch.int64Values)
        case .float64:
            fillValues(batch, column, null, DecimalConversion(), batch.doubleValues)
        case .boolean:
            fillValues(batch, column, null, BooleanConversion(), batch.byteValues)
        case .date:
            fillValues(batch, column, null, DateConversion(), batch.int32Values)
        case .timestamp:
            fillValues(batch, column, null, TimestampConversion(), batch.int64Values)
        case .list(let separator):
            fillLists(batch, column, null, separator)
        case .jsonList:
            fillJSONLists(batch, column, null)
        }
    }
}
