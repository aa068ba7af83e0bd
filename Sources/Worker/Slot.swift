import Base
import Columns
import Dispatch
import Glibc
import Storage
import Wire
import Working

/// A chunk to be transformed, with its text.
struct ChunkWork: Sendable {
    let lease: TransformLease
    let declaration: TransformDeclaration
    let block: MemoryBlock
    let crc32: UInt32
}

/// What a slot is given to do, data included.
enum Assignment: Sendable {
    case chunk(ChunkWork)
    /// A chunk whose text was to be had in shared memory and was not.
    case missingText
    case synthetic(SyntheticLease)
}

/// What came of it; the output of a transform stays until it is sent.
struct SlotResult: Sendable {
    let outcome: SlotOutcome
    let output: TransformOutput?
}

/// One attempt at a time, on a thread of its own, so that neither heartbeats nor other slots wait.
///
/// `@unchecked Sendable`: the transform belongs to `queue`.
final class Slot: @unchecked Sendable {
    private let queue: DispatchQueue
    private let results = ResultMemoryPool()
    private let texts = MemoryPool(keptBlocks: 1)
    private var transform: (declaration: TransformDeclaration, transform: ChunkTransform)?

    init(index: Int) {
        queue = DispatchQueue(label: "slot-\(index)")
    }

    /// Does the work and calls `completion` on the slot's thread.
    func run(_ work: Assignment, completion: @escaping @Sendable (SlotResult) -> Void) {
        queue.async { [self] in
            switch work {
            case .chunk(let chunk): completion(transform(chunk))
            case .missingText:
                let message = "the memory that holds the chunk cannot be read"
                let outcome = SlotOutcome.failed(.transient, message: message)
                completion(SlotResult(outcome: outcome, output: nil))
            case .synthetic(let lease):
                completion(SlotResult(outcome: perform(lease), output: nil))
            }
        }
    }

    private func transform(_ chunk: ChunkWork) -> SlotResult {
        do throws(TransformError) {
            if transform?.declaration != chunk.declaration {
                transform = (
                    chunk.declaration,
                    ChunkTransform(chunk.declaration, results: results, texts: texts)
                )
            }
            guard let output = try transform?.transform.run(chunk) else {
                preconditionFailure("a slot has no transform")
            }
            let size = output.result.payloadSizeBytes
            return SlotResult(outcome: .transformed(sizeBytes: size, report()), output: output)
        } catch {
            let outcome = SlotOutcome.failed(error.failure, message: error.description, report())
            // What stands half done in the transform must not reach the next chunk.
            transform = nil
            return SlotResult(outcome: outcome, output: nil)
        }
    }

    /// What there is to tell of the last chunk.
    private func report() -> AttemptReport {
        var report = transform?.transform.report ?? AttemptReport()
        report.peakMemoryBytes = ProcessMemory.peakBytes
        return report
    }

    private func perform(_ lease: SyntheticLease) -> SlotOutcome {
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
