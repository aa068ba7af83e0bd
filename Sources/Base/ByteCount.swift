/// A number of bytes, written for people in binary units.
package struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let bytes: Int64

    package init(_ bytes: some BinaryInteger) { self.bytes = Int64(bytes) }

    package static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    /// As in `16.0 MiB`; below 1 KiB as in `512 B`.
    package var description: String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(bytes)
        guard value.magnitude >= 1024 else { return "\(bytes) B" }
        var unit = -1
        while value.magnitude >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths.magnitude % 10) \(units[unit])"
    }
}
