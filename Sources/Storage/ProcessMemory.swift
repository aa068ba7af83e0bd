import CLinux
import Glibc

/// How the process takes memory from the system and gives it back.
package enum ProcessMemory {
    /// Blocks from this size on are mapped on their own, and unmapped when freed.
    private static let mappedBlockBytes: Int32 = 256 << 10

    /// The most memory that the process has had at a time; getrusage(2) counts it in KiB.
    package static var peakBytes: Int64 {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return 0 }
        return Int64(usage.ru_maxrss) << 10
    }

    /// The memory of the machine.
    package static var machineBytes: Int64 {
        Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Makes large blocks go back to the system when they are freed; to be called once, at the start.
    ///
    /// By itself glibc raises the threshold up to 32 MiB with each large block that is freed
    /// (mallopt(3), `M_MMAP_THRESHOLD`), and what many threads free then stays in their heaps:
    /// measured at 1 MiB chunks, the coordinator grew with the input from 46 to 88 MiB, and stays
    /// at 40 with a fixed threshold. What is needed again and again is kept in pools.
    package static func returnLargeBlocks() {
        let isSet = mallopt(M_MMAP_THRESHOLD, mappedBlockBytes)
        precondition(isSet == 1, "the C library refused a mapping threshold")
    }
}
