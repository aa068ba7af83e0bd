import Columns

/// The distinct strings of a column chunk, numbered in the order of their first appearance.
///
/// Open addressing with linear probing in a table at most half full. An entry refers to the row
/// group's text and carries the string's first 16 bytes, so that short strings are found without a
/// look at the text. A slot is 0 or `hash << 32 | id + 1`.
struct StringDictionary: ~Copyable {
    /// Ids stay below 16 bits; with more entries the table leaves the L2 cache and every lookup misses.
    static let maximumEntries = 64 << 10
    /// Bytes of entries that a dictionary page may hold; a guess, four ordinary pages.
    static let maximumSizeBytes = 4 << 20
    /// Slots looked at before the table grows: bounds the work for text made to collide.
    private static let maximumProbes = 128
    private static let smallestSlotCount = 512

    private struct Entry {
        let key: TextKey
        let range: TextRange

        @inline(__always)
        func isEqual(to other: TextRange, _ otherKey: TextKey, in text: UnsafeRawPointer) -> Bool {
            let (bytes, otherBytes) = (text + Int(range.start), text + Int(other.start))
            return key.high == otherKey.high && key.low == otherKey.low
                && range.length == other.length
                && tailsAreEqual(bytes, otherBytes, Int(range.length))
        }
    }

    private(set) var count = 0
    /// Length of all entries together.
    private(set) var sizeBytes = 0
    private var slotCount = Self.smallestSlotCount
    private var slots: UnsafeMutablePointer<UInt64>
    private var entries: UnsafeMutablePointer<Entry>

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
        (count, sizeBytes) = (0, 0)
    }

    func range(at id: Int) -> TextRange { entries[id].range }

    /// Writes the id of each string to `ids`; false when the dictionary is full.
    mutating func encode(
        _ ranges: UnsafePointer<TextRange>,
        count rangeCount: Int,
        text: UnsafeRawPointer,
        to ids: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        var next = 0
        while true {
            next = encodeWhileRoom(ranges, from: next, to: rangeCount, text: text, to: ids)
            if next == rangeCount { return sizeBytes <= Self.maximumSizeBytes }
            guard grow(text: text) else { return false }
        }
    }

    /// Returns the index of the first string for which the table has to grow.
    private mutating func encodeWhileRoom(
        _ ranges: UnsafePointer<TextRange>,
        from start: Int,
        to end: Int,
        text: UnsafeRawPointer,
        to ids: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let (slots, entries, mask) = (slots, entries, slotCount &- 1)
        for index in start..<end {
            let range = ranges[index]
            let (bytes, length) = (text + Int(range.start), Int(range.length))
            let key = TextKey(bytes, length)
            let hash = key.hash(bytes, length)
            let found = slots[Int(hash) & mask]
            // Most strings are known and in the first slot: a few instructions without a call.
            if UInt32(truncatingIfNeeded: found &>> 32) == hash, found != 0 {
                let id = UInt32(truncatingIfNeeded: found) &- 1
                if entries[Int(id)].isEqual(to: range, key, in: text) {
                    ids[index] = id
                    continue
                }
            }
            guard let id = findOrAdd(range, key, hash, text) else { return index }
            ids[index] = id
        }
        return end
    }

    /// The id of a string, which gets one if it is new; nil when the table has to grow first.
    @inline(never)
    private mutating func findOrAdd(
        _ range: TextRange,
        _ key: TextKey,
        _ hash: UInt32,
        _ text: UnsafeRawPointer
    ) -> UInt32? {
        let mask = slotCount &- 1
        var slot = Int(hash) & mask
        for _ in 0...Self.maximumProbes {
            let found = slots[slot]
            if found == 0 {
                if count == slotCount / 2 { return nil }
                slots[slot] = UInt64(hash) &<< 32 | UInt64(count &+ 1)
                entries[count] = Entry(key: key, range: range)
                count &+= 1
                sizeBytes &+= Int(range.length)
                return UInt32(truncatingIfNeeded: count &- 1)
            }
            if UInt32(truncatingIfNeeded: found &>> 32) == hash {
                let id = UInt32(truncatingIfNeeded: found) &- 1
                if entries[Int(id)].isEqual(to: range, key, in: text) {
                    return id
                }
            }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    /// Doubles the table; false at its largest size.
    private mutating func grow(text: UnsafeRawPointer) -> Bool {
        guard slotCount / 2 < Self.maximumEntries else { return false }
        let (oldSlots, oldCount, oldEntries) = (slots, slotCount, entries)
        slotCount *= 2
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: 0, count: slotCount)
        entries = .allocate(capacity: slotCount / 2)
        entries.update(from: oldEntries, count: count)
        let mask = slotCount - 1
        for index in 0..<oldCount where oldSlots[index] != 0 {
            var slot = Int(truncatingIfNeeded: oldSlots[index] >> 32) & mask
            while slots[slot] != 0 { slot = (slot &+ 1) & mask }
            slots[slot] = oldSlots[index]
        }
        oldSlots.deallocate()
        oldEntries.deallocate()
        return true
    }

    /// Whether every entry sorts behind the one that appeared before it.
    func isAscending(text: UnsafeRawPointer) -> Bool {
        for id in 1..<max(1, count)
        where compareText(entries[id - 1].range, entries[id].range, in: text) >= 0 {
            return false
        }
        return true
    }

    /// Smallest and largest entry, added to `bounds`.
    func addBounds(to bounds: inout TextBounds, text: UnsafeRawPointer) {
        var local = bounds
        for id in 0..<count { local.add(entries[id].range, entries[id].key, in: text) }
        bounds = local
    }

    /// The dictionary page's values: PLAIN, a 4-byte length in front of each string.
    func appendPlain(to page: inout ByteBuffer, text: UnsafeRawPointer) {
        let room = page.reserve(sizeBytes + 4 * count)
        var written = 0
        for id in 0..<count {
            let range = entries[id].range
            room.storeBytes(of: range.length.littleEndian, toByteOffset: written, as: UInt32.self)
            copyOverlapping(
                from: text + Int(range.start),
                to: room + written + 4,
                count: Int(range.length)
            )
            written += 4 + Int(range.length)
        }
        page.advance(by: written)
    }
}
