import Parquet
import Synchronization

/// Memory for the data of one result.
///
/// `@unchecked Sendable`: one slot fills it; once the result is handed out, all read only.
final class ResultMemory: @unchecked Sendable {
    var buffer = ByteBuffer()
}

/// The memory of results that were sent, for the next ones.
///
/// In fresh memory a result costs its page faults, and as much again while the buffer grows:
/// measured, a twentieth of a worker's time.
final class ResultMemoryPool: Sendable {
    /// Most memories that wait for use: one result is sent while a slot makes the next one.
    private static let keptMemories = 2

    private let spares = Mutex<[ResultMemory]>([])

    /// An empty memory.
    func take() -> ResultMemory {
        spares.withLock { $0.popLast() } ?? ResultMemory()
    }

    /// Takes back what nobody reads any more.
    func give(_ memory: ResultMemory) {
        memory.buffer.removeAll()
        spares.withLock { spares in
            if spares.count < Self.keptMemories { spares.append(memory) }
        }
    }
}
