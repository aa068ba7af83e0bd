import Base
import Columns
package import Wire

/// What is in a sorted run: its partitions, and of each where its blocks begin.
///
/// A run is the rows of one chunk in the order of their keys, in blocks that can be read one by one;
/// docs/formats/sorted-run.md gives their bytes.
package struct SortedRunIndex: Sendable, Equatable {
    /// Neighbouring rows of one partition.
    package struct Block: Sendable, Equatable {
        package var sizeBytes: Int
        package var rowCount: Int
        package var crc32: UInt32
        /// The order key of its first row.
        package var firstKey: [UInt8]

        package init(sizeBytes: Int, rowCount: Int, crc32: UInt32, firstKey: [UInt8]) {
            self.sizeBytes = sizeBytes
            self.rowCount = rowCount
            self.crc32 = crc32
            self.firstKey = firstKey
        }
    }

    package struct Partition: Sendable, Equatable {
        /// The values of the partition, as keys spell them.
        package var key: [UInt8]
        /// In order; one at least.
        package var blocks: [Block]
        /// The order key of the last row.
        package var lastKey: [UInt8]

        package init(key: [UInt8], blocks: [Block], lastKey: [UInt8]) {
            self.key = key
            self.blocks = blocks
            self.lastKey = lastKey
        }

        package var rowCount: Int { blocks.reduce(0) { $0 + $1.rowCount } }
    }

    /// In the order of their keys, which are all different.
    package var partitions: [Partition]

    package init(partitions: [Partition] = []) { self.partitions = partitions }

    package var sizeBytes: Int {
        partitions.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.sizeBytes } }
    }

    package var rowCount: Int { partitions.reduce(0) { $0 + $1.rowCount } }

    // MARK: Coding

    package var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.list(partitions) { fields, partition in
            fields.bytes(partition.key)
            fields.bytes(partition.lastKey)
            fields.list(partition.blocks) { fields, block in
                fields.integer(UInt32(block.sizeBytes))
                fields.integer(UInt32(block.rowCount))
                fields.integer(block.crc32)
                fields.bytes(block.firstKey)
            }
        }
        return fields.bytes
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let index = bytes.withUnsafeBytes { bytes in
            Result { () throws(WireError) in try Self.read(bytes) }
        }
        self = try index.get()
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> SortedRunIndex {
        var fields = FieldReader(bytes, message: "sorted run")
        let partitions = try fields.list(minimumSizeBytes: 28) { fields throws(WireError) in
            let (key, lastKey) = (try fields.bytes(), try fields.bytes())
            let blocks = try fields.list(minimumSizeBytes: 16) { fields throws(WireError) in
                Block(
                    sizeBytes: Int(try fields.integer(UInt32.self)),
                    rowCount: Int(try fields.integer(UInt32.self)),
                    crc32: try fields.integer(),
                    firstKey: try fields.bytes()
                )
            }
            return Partition(key: key, blocks: blocks, lastKey: lastKey)
        }
        try fields.end()
        let index = SortedRunIndex(partitions: partitions)
        guard index.isOrdered else { throw .malformed(message: "sorted run") }
        return index
    }

    /// Whether partitions and blocks are in order, and none is empty.
    private var isOrdered: Bool {
        func follow(_ keys: [[UInt8]]) -> Bool {
            zip(keys, keys.dropFirst()).allSatisfy { !$1.lexicographicallyPrecedes($0) }
        }
        let keys = partitions.map(\.key)
        return follow(keys) && Set(keys).count == keys.count
            && partitions.allSatisfy { partition in
                !partition.blocks.isEmpty
                    && partition.blocks.allSatisfy { $0.rowCount > 0 && $0.sizeBytes > 0 }
                    && follow(partition.blocks.map(\.firstKey) + [partition.lastKey])
            }
    }
}
