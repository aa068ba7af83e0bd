/// A number as Parquet stores it plainly.
protocol PlainNumber: Comparable {
    /// The slot to look at first, before it is cut to the size of the table.
    ///
    /// Equal bit patterns, and they only, are one dictionary entry: 0.0 and -0.0 stay apart.
    var slotHash: Int { get }
    func hasSameBits(as other: Self) -> Bool
    static var zero: Self { get }
    /// Bounds of nothing, beyond every value.
    static var largest: Self { get }
    static var smallest: Self { get }
}

extension Int32: PlainNumber {
    /// The value itself: values that span less than the table never collide.
    @inline(__always) var slotHash: Int { Int(self) }
    @inline(__always) func hasSameBits(as other: Int32) -> Bool { self == other }
    static var largest: Int32 { .max }
    static var smallest: Int32 { .min }
}

extension Int64: PlainNumber {
    @inline(__always) var slotHash: Int { UInt64(bitPattern: self).multipliedSlot }
    @inline(__always) func hasSameBits(as other: Int64) -> Bool { self == other }
    static var largest: Int64 { .max }
    static var smallest: Int64 { .min }
}

extension Double: PlainNumber {
    @inline(__always) var slotHash: Int { bitPattern.multipliedSlot }
    @inline(__always) func hasSameBits(as other: Double) -> Bool { bitPattern == other.bitPattern }
    static var largest: Double { .infinity }
    static var smallest: Double { -.infinity }
}

extension UInt64 {
    /// Both halves of a product: the low one alone loses doubles, whose lowest bits are often zero.
    @inline(__always) fileprivate var multipliedSlot: Int {
        let product = multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return Int(truncatingIfNeeded: product.high ^ product.low)
    }
}

/// The distinct numbers of a column chunk, numbered in the order of their first appearance.
///
/// Works as `StringDictionary`; a slot is 0 or the id plus 1.
struct NumberDictionary<Value: PlainNumber>: ~Copyable {
    private static var maximumEntries: Int { 64 << 10 }
    private static var maximumProbes: Int { 64 }
    private static var smallestSlotCount: Int { 512 }

    private(set) var count = 0
    private var slotCount = Self.smallestSlotCount
    private var slots: UnsafeMutablePointer<UInt32>
    private(set) var entries: UnsafeMutablePointer<Value>

    init() {
        slots = .allocate(capacity: Self.smallestSlotCount)
        slots.initialize(repeating: 0, count: Self.smallestSlotCount)
        entries = .allocate(capacity: Self.smallestSlotCount / 2)
    }

    deinit {
        slots.deallocate()
        entries.deallocate()
    }

    mutating func removeAll() {
        guard count > 0 else { return }
        slots.update(repeating: 0, count: slotCount)
        count = 0
    }

    /// Writes the id of each value to `ids`; false when the dictionary is full.
    mutating func encode(
        _ values: UnsafePointer<Value>,
        count valueCount: Int,
        to ids: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        var next = 0
        while true {
            next = encodeWhileRoom(values, from: next, to: valueCount, to: ids)
            if next == valueCount { return true }
            guard grow() else { return false }
        }
    }

    /// Returns the index of the first value for which the table has to grow.
    @specialized(where Value == Int32)
    @specialized(where Value == Int64)
    @specialized(where Value == Double)
    private mutating func encodeWhileRoom(
        _ values: UnsafePointer<Value>,
        from start: Int,
        to end: Int,
        to ids: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let (slots, entries, mask) = (slots, entries, slotCount &- 1)
        let capacity = slotCount / 2
        var count = count
        defer { self.count = count }
        for index in start..<end {
            let value = values[index]
            var slot = value.slotHash & mask
            var probes = 0
            while true {
                let found = slots[slot]
                if found == 0 {
                    if count == capacity { return index }
                    count &+= 1
                    slots[slot] = UInt32(truncatingIfNeeded: count)
                    entries[count &- 1] = value
                    ids[index] = UInt32(truncatingIfNeeded: count &- 1)
                    break
                }
                let id = found &- 1
                if entries[Int(id)].hasSameBits(as: value) {
                    ids[index] = id
                    break
                }
                probes &+= 1
                if probes > Self.maximumProbes { return index }
                slot = (slot &+ 1) & mask
            }
        }
        return end
    }

    /// Doubles the table; false at its largest size.
    private mutating func grow() -> Bool {
        guard slotCount / 2 < Self.maximumEntries else { return false }
        let oldEntries = entries
        slots.deallocate()
        slotCount *= 2
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: 0, count: slotCount)
        entries = .allocate(capacity: slotCount / 2)
        entries.update(from: oldEntries, count: count)
        oldEntries.deallocate()
        let mask = slotCount - 1
        for id in 0..<count {
            var slot = entries[id].slotHash & mask
            while slots[slot] != 0 { slot = (slot &+ 1) & mask }
            slots[slot] = UInt32(id + 1)
        }
        return true
    }
}
