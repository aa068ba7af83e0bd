import Base
import Dispatch
import Gzip
import Storage
import Synchronization

/// A file that is still being written, for one who reads behind the writer.
///
/// One thread writes and says how far; another one reads by ``Reader`` and waits where it has caught
/// up. The writer may begin anew: readers of what was there before then end with an error.
final class GrowingFile: Sendable {
    private struct State {
        var sizeBytes: Int64 = 0
        var hasEnded = false
        /// One more each time the writer begins anew.
        var generation = 0
    }

    let file: File
    private let state: Mutex<State>
    private let changed = DispatchSemaphore(value: 0)

    /// A file that holds its first bytes already.
    init(_ file: File, sizeBytes: Int64) {
        self.file = file
        state = Mutex(State(sizeBytes: sizeBytes))
    }

    var generation: Int { state.withLock(\.generation) }

    /// The writer has written up to this size.
    func grow(to sizeBytes: Int64) {
        state.withLock { $0.sizeBytes = sizeBytes }
        changed.signal()
    }

    /// The writer begins anew.
    func restart() {
        state.withLock { state in
            state.sizeBytes = 0
            state.generation += 1
        }
        changed.signal()
    }

    /// The writer is done, or has given up.
    func end() {
        state.withLock { $0.hasEnded = true }
        changed.signal()
    }

    /// Waits until there is more than `offset`; returns how much there is in all.
    private func wait(beyond offset: Int64, generation: Int) throws(GzipError) -> Int64 {
        while true {
            let state = state.withLock { $0 }
            guard state.generation == generation else {
                throw .source(description: "the download began anew")
            }
            if state.sizeBytes > offset || state.hasEnded { return state.sizeBytes }
            changed.wait()
        }
    }

    /// Reads one generation of the file from its beginning, and hashes what it reads.
    final class Reader: ByteSource {
        private let growing: GrowingFile
        private let generation: Int
        private var offset: Int64 = 0
        private let md5 = Digest(.md5)
        private let sha256 = Digest(.sha256)

        init(_ growing: GrowingFile) {
            self.growing = growing
            generation = growing.generation
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int {
            let sizeBytes = try growing.wait(beyond: offset, generation: generation)
            let count = Int(min(sizeBytes - offset, Int64(buffer.count)))
            guard count > 0 else { return 0 }
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            do throws(StorageError) {
                guard try growing.file.read(into: piece, at: offset) == count else {
                    throw .unexpectedEnd(path: growing.file.path, offset: offset)
                }
            } catch {
                throw .source(description: "\(error)")
            }
            md5.update(UnsafeRawBufferPointer(piece))
            sha256.update(UnsafeRawBufferPointer(piece))
            offset += Int64(count)
            return count
        }

        /// The hashes of all that was read; to be asked for once, at the end.
        func digests() -> (md5: [UInt8], sha256: [UInt8]) { (md5.finish(), sha256.finish()) }
    }
}
