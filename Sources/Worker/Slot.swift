import Base
import Columns
import Dispatch
import Glibc
import Wire

/// A chunk to be transformed.
struct ChunkWork: Sendable {
    let lease: TransformLease
    let declaration: TransformDeclaration
    let block: MemoryBlock
    var crc32: UInt32 = 0
}

/// What a slot is given to do.
enum SlotWork: Sendable {
    case chunk(ChunkWork)
    case synthetic(SyntheticLease)

    var attempt: AttemptID {
        switch self {
        case .chunk(let work): work.lease.attempt
        case .synthetic(let lease): lease.attempt
        }
    }
}

/// What came of it.
struct SlotResult: Sendable {
    enum Outcome: Sendable {
        case transformed(TransformOutput)
        case finished
        case failed(FailureKind, message: String)
    }

    let slot: Int
    let attempt: AttemptID
    let outcome: Outcome
}

/// One attempt at a time, on a thread of its own, so that neither heartbeats nor other slots wait.
///
/// `isBusy` belongs to the shell's loop; the transform belongs to `queue`.
final class Slot: @unchecked Sendable {
    let index: Int
    var isBusy = false
    private let queue: DispatchQueue
    private var transform: (declaration: TransformDeclaration, transform: ChunkTransform)?

    init(index: Int) {
        self.index = index
        queue = DispatchQueue(label: "slot-\(index)")
    }

    /// Runs `work` and calls `completion` on the slot's thread.
    func run(_ work: SlotWork, completion: @escaping @Sendable (SlotResult) -> Void) {
        precondition(!isBusy, "slot \(index) is given work while it is busy")
        isBusy = true
        queue.async { [self] in
            let outcome =
                switch work {
                case .chunk(let chunk): transform(chunk)
                case .synthetic(let lease): perform(lease)
                }
            completion(SlotResult(slot: index, attempt: work.attempt, outcome: outcome))
        }
    }

    private func transform(_ chunk: ChunkWork) -> SlotResult.Outcome {
        do throws(TransformError) {
            if transform?.declaration != chunk.declaration {
                transform = (chunk.declaration, ChunkTransform(chunk.declaration))
            }
            guard let output = try transform?.transform.run(chunk) else {
                preconditionFailure("a slot has no transform")
            }
            return .transformed(output)
        } catch {
            // What stands half done in the transform must not reach the next chunk.
            transform = nil
            return .failed(error.kind, message: error.description)
        }
    }

    private func perform(_ lease: SyntheticLease) -> SlotResult.Outcome {
        if lease.sleepMicroseconds > 0 {
            var time = timespec()
            time.tv_sec = Int(lease.sleepMicroseconds / 1_000_000)
            time.tv_nsec = Int(lease.sleepMicroseconds % 1_000_000) * 1000
            nanosleep(&time, nil)
        }
        switch lease.outcome {
        case .succeed: return .finished
        case .fail: return .failed(.transient, message: "the task was told to fail")
        case .crash:
            kill(getpid(), SIGKILL)
            return .finished
        }
    }
}
