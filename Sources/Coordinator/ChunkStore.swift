import Base
import Dispatch
import Storage
import Transport

/// Keeps the text of every chunk until its result is durable, so that a lost lease costs no inflate.
///
/// In memory up to a budget; beyond it, chunks that were leased already go to spool files, oldest
/// first, and come back when they are leased again. Lives on the loop; files are written and read
/// on a queue of its own.
final class ChunkStore {
    private enum Place {
        case memory(CutText)
        /// The text without its block, and the spool file.
        case file(CutText, path: String)
    }

    private struct Entry {
        /// Of a step that begins anew, another chunk may come under the same task.
        let number: Int
        var place: Place
        var wasLeased = false
        var isSpilling = false
    }

    private let loop: EventLoop
    private let directory: String
    private let budgetBytes: Int
    private let memory: MemoryPool
    private let queue = DispatchQueue(label: "chunk-spool")
    private let emptyBlock: MemoryBlock
    private var entries: [TaskID: Entry] = [:]
    private var lastNumber = 0
    private(set) var heldBytes = 0
    private(set) var spilledChunks = 0

    init(loop: EventLoop, directory: String, budgetBytes: Int, memory: MemoryPool) {
        self.loop = loop
        self.directory = directory
        self.budgetBytes = budgetBytes
        self.memory = memory
        emptyBlock = MemoryPool(keptBlocks: 0).take(capacity: 1)
    }

    func insert(_ text: CutText, as task: TaskID) {
        lastNumber += 1
        entries[task] = Entry(number: lastNumber, place: .memory(text))
        heldBytes += text.block.capacity
        spillIfNeeded()
    }

    /// Whether a worker inflates the chunk's text, as a split index says.
    func isSlice(_ task: TaskID) -> Bool {
        switch entries[task]?.place {
        case .memory(let text), .file(let text, _): text.slice != nil
        case nil: false
        }
    }

    /// Calls `body` with the chunk's text for a lease: at once, or when it was read back.
    func lease(_ task: TaskID, _ body: @escaping (Result<CutText, StorageError>) -> Void) {
        guard let entry = entries[task] else { return }
        entries[task]?.wasLeased = true
        switch entry.place {
        case .memory(let text):
            body(.success(text))
            spillIfNeeded()
        case .file(let text, let path):
            readBack(text, of: task, from: path, body)
        }
    }

    func remove(_ task: TaskID) {
        guard let entry = entries.removeValue(forKey: task) else { return }
        switch entry.place {
        case .memory(let text):
            // One on its way to a file is not counted any more, and its file goes when it is written.
            if !entry.isSpilling { heldBytes -= text.block.capacity }
        case .file(_, let path):
            queue.async { removeQuietly(path) }
        }
    }

    private func spillIfNeeded() {
        while heldBytes > budgetBytes {
            let candidates = entries.filter { $0.value.wasLeased && !$0.value.isSpilling }
            let oldest = candidates.keys.sorted().first {
                if case .memory = candidates[$0]?.place { true } else { false }
            }
            guard let task = oldest, let entry = entries[task],
                case .memory(let text) = entry.place
            else { return }
            spill(text, of: task, number: entry.number)
        }
    }

    private func spill(_ text: CutText, of task: TaskID, number: Int) {
        entries[task]?.isSpilling = true
        heldBytes -= text.block.capacity
        spilledChunks += 1
        let chunk = "\(task.step.job)-\(task.step.index)-\(task.index)-\(number)"
        let path = "\(directory)/chunk-\(chunk)"
        let store = LoopBound(self, loop: loop)
        let loop = self.loop
        queue.async {
            let outcome = Result { () throws(StorageError) in
                let file = try File.create(path: path, exclusive: false)
                try file.write(text.block.prefix(text.storedSizeBytes), at: 0)
            }
            loop.execute { store.value.spilled(task, number, text, path: path, outcome) }
        }
    }

    private func spilled(
        _ task: TaskID,
        _ number: Int,
        _ text: CutText,
        path: String,
        _ outcome: Result<Void, StorageError>
    ) {
        guard entries[task]?.number == number else {
            queue.async { removeIfThere(path) }
            return
        }
        entries[task]?.isSpilling = false
        switch outcome {
        case .success:
            var head = text
            head.block = emptyBlock
            entries[task]?.place = .file(head, path: path)
        case .failure(let error):
            // Memory stays over its budget, which is better than losing the chunk.
            CoordinatorLog.write("a chunk stays in memory: \(error)")
            queue.async { removeIfThere(path) }
            heldBytes += text.block.capacity
        }
    }

    private func readBack(
        _ head: CutText,
        of task: TaskID,
        from path: String,
        _ body: @escaping (Result<CutText, StorageError>) -> Void
    ) {
        let answer = LoopBound((store: self, body: body), loop: loop)
        let (memory, loop) = (self.memory, self.loop)
        queue.async {
            let text = Result { () throws(StorageError) in
                let file = try File.open(readingFrom: path)
                var text = head
                text.block = memory.take(capacity: head.storedSizeBytes + Limits.textSlackBytes)
                var filled = 0
                while filled < head.storedSizeBytes {
                    let rest = UnsafeMutableRawBufferPointer(
                        rebasing: text.block.bytes[filled..<head.storedSizeBytes]
                    )
                    let count = try file.read(into: rest, at: Int64(filled))
                    // A short file shows as a wrong CRC at the worker, and is cut anew from there.
                    guard count > 0 else { break }
                    filled += count
                }
                return text
            }
            loop.execute {
                // Nobody wants a chunk that was removed meanwhile.
                guard answer.value.store.entries[task] != nil else { return }
                answer.value.body(text)
            }
        }
    }
}

/// Removes a file that may not have come about.
func removeIfThere(_ path: String) {
    if Directory.exists(path: path) { removeQuietly(path) }
}

/// Removes a folder with all below it, or a file; also where there is none.
func removeTreeQuietly(_ path: String) {
    do throws(StorageError) {
        try Directory.removeTree(path: path)
    } catch {
        CoordinatorLog.write("left behind: \(error)")
    }
}

/// Removes a spool file; one that cannot be removed is swept at the next start.
func removeQuietly(_ path: String) {
    do throws(StorageError) {
        try Directory.remove(path: path)
    } catch {
        CoordinatorLog.write("left behind: \(error)")
    }
}
