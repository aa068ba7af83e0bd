import Base
import Storage

/// The memory that chunks and results pass through, used again and again while a job runs.
struct DataMemory {
    /// For chunks: as many as are cut ahead, leased to two workers of one slot and not yet durable.
    ///
    /// With more workers the rest is taken fresh. Workers that were started here read them in place.
    let chunks = MemoryPool(keptBlocks: 12, source: SharedMemory())
    /// For results, which are smaller and wait for one sync only.
    let results = MemoryPool(keptBlocks: 8)

    /// Gives back what nobody uses, for a coordinator without work.
    func releaseSpares() {
        chunks.releaseSpares()
        results.releaseSpares()
    }
}
