import Base
import Dispatch
import Gzip
import Storage
import Synchronization

/// Verifies a file while it is written: every gzip member to its last byte, MD5 and SHA-256; and
/// gathers its split index where it is cut the way that a job cuts it.
///
/// `@unchecked Sendable`: what changes is guarded by `state`, or belongs to the thread of `run`.
final class DownloadCheck: @unchecked Sendable {
    /// What a whole file turned out to be.
    struct Content: Sendable {
        var md5: [UInt8]
        var sha256: [UInt8]
        /// Nil where it would be of no use, or nobody knows how the file will be cut.
        var index: SplitIndex?
    }

    private let growing: GrowingFile
    private let cut: SplitIndex.Cut?
    private let queue = DispatchQueue(label: "download-check", qos: .utility)
    private let outcome = Mutex<Result<Content, DownloadCheckError>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ growing: GrowingFile, cut: SplitIndex.Cut?) {
        self.growing = growing
        self.cut = cut
    }

    /// Why the file is not what it should be, as soon as that is certain.
    var problem: DownloadCheckError? {
        outcome.withLock { outcome in
            if case .failure(let error) = outcome { error } else { nil }
        }
    }

    func start() {
        queue.async { [self] in
            let found = run()
            outcome.withLock { $0 = found }
            done.signal()
        }
    }

    /// Says that the file is all there, and waits until that is verified.
    func finish() -> Result<Content, DownloadCheckError> {
        growing.end()
        done.wait()
        guard let outcome = outcome.withLock({ $0 }) else {
            preconditionFailure("the check of a download ended without an outcome")
        }
        return outcome
    }

    private func run() -> Result<Content, DownloadCheckError> {
        while true {
            let generation = growing.generation
            do throws(DownloadCheckError) {
                return .success(try verify())
            } catch {
                // What was read is not there any more.
                if growing.generation == generation { return .failure(error) }
            }
        }
    }

    private func verify() throws(DownloadCheckError) -> Content {
        let reader = GrowingFile.Reader(growing)
        guard let cut else {
            try inflate(reader)
            let (md5, sha256) = reader.digests()
            return Content(md5: md5, sha256: sha256)
        }
        let memory = MemoryPool(keptBlocks: 1)
        var chunks = 0
        do throws(InputError) {
            let pass = try FirstPass(growing.file, cut: cut, source: reader)
            while try pass.next(memory: memory) != nil { chunks += 1 }
            let (md5, sha256) = reader.digests()
            // Nobody writes any more, so the file is what it will be under its own name.
            let index = chunks > 1 ? self.index(pass) : nil
            return Content(md5: md5, sha256: sha256, index: index)
        } catch {
            throw DownloadCheckError(error)
        }
    }

    /// An index is only of use; without it the first load inflates the file.
    private func index(_ pass: FirstPass) -> SplitIndex? {
        do {
            let identity = try InputFiles.identity(of: growing.file)
            return try pass.index(of: SplitIndex.Source(identity))
        } catch {
            CoordinatorLog.write("\(growing.file.path) has no split index: \(error)")
            return nil
        }
    }

    private func inflate(_ reader: GrowingFile.Reader) throws(DownloadCheckError) {
        let gzip = GzipReader(source: reader)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        do throws(GzipError) {
            while try gzip.read(into: buffer) > 0 {}
        } catch {
            throw DownloadCheckError(error)
        }
    }
}

/// Why a file that came is not taken.
struct DownloadCheckError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ error: InputError) {
        if case .chunk(_, let problem) = error {
            description = "what came is no good input: \(problem)"
        } else {
            description = error.description
        }
    }

    init(_ error: GzipError) { description = "what came is no whole gzip file: \(error)" }
}
