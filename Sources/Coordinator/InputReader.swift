import Base
import Columns
import Dispatch
import Gzip
import Spool
import Storage
import TSV

/// What to read for one step.
struct InputPlan: Sendable {
    /// The files, in order; a glob may name several.
    ///
    /// Paths on the coordinator's machine.
    var files: [String]
    var declaration: TransformDeclaration
    var hasHeader: Bool
    var chunkSizeBytes: Int
    /// What the files must be, where results were made of them already.
    var expected: [SpoolHeader.InputFile]?
}

/// A chunk of whole lines with what a lease has to say about it.
struct CutText: Sendable {
    var block: MemoryBlock
    var sizeBytes: Int
    var firstLine: Int64
    var lineCount: Int64
    var crc32: UInt32
    /// The file it comes from.
    var source: String
    /// Compressed bytes read so far, over all files of the step.
    var compressedBytes: Int64
}

/// Inflates and cuts the input of one step after another, on a thread of its own.
///
/// `@unchecked Sendable`: everything but the constants belongs to `queue`. Answers come on `queue`;
/// whoever asks brings them to the loop.
final class InputReader: @unchecked Sendable {
    enum Answer: Sendable {
        /// The first header was checked; the files are these.
        case opened([SpoolHeader.InputFile])
        case chunk(CutText)
        /// The whole input was read and verified.
        case ended
        case failed(reason: String)
    }

    private let queue = DispatchQueue(label: "input")
    private let memory: MemoryPool
    private var current: OpenInput?

    init(memory: MemoryPool) { self.memory = memory }

    func open(_ step: StepID, _ plan: InputPlan, answer: @escaping @Sendable (Answer) -> Void) {
        queue.async { [self] in
            let input = OpenInput(step: step, plan: plan, answer: answer)
            current = input
            do throws(InputError) {
                answer(.opened(try input.open()))
            } catch {
                current = nil
                answer(.failed(reason: error.description))
            }
        }
    }

    func cut(_ step: StepID) {
        queue.async { [self] in
            // A request that was under way when the step ended finds no input.
            guard let input = current, input.step == step else { return }
            do throws(InputError) {
                if let text = try input.cutChunk(memory: memory) {
                    input.answer(.chunk(text))
                } else {
                    current = nil
                    input.answer(.ended)
                }
            } catch {
                current = nil
                input.answer(.failed(reason: error.description))
            }
        }
    }

    func close(_ step: StepID) {
        queue.async { [self] in
            if current?.step == step { current = nil }
        }
    }
}

/// What input files are recognised by.
enum InputFiles {
    /// The file under a path as it is now.
    static func identify(_ path: String) throws(StorageError) -> SpoolHeader.InputFile {
        try identity(of: try File.open(readingFrom: path))
    }

    static func identity(of file: File) throws(StorageError) -> SpoolHeader.InputFile {
        let identity = try file.identity()
        return SpoolHeader.InputFile(
            path: file.path,
            sizeBytes: identity.sizeBytes,
            modifiedNanoseconds: identity.modifiedNanoseconds,
            inode: identity.inode,
            device: identity.device
        )
    }
}

/// Why an input cannot be read, always with the file.
enum InputError: Error, CustomStringConvertible {
    case storage(StorageError)
    case chunk(file: String, ChunkError)
    case header(file: String, HeaderProblem)
    case changed(file: String)
    case noFiles(pattern: String)

    var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .chunk(let file, let error): "\(file): \(error)"
        case .header(let file, let problem): "\(file): line 1: \(problem)"
        case .changed(let file):
            "\(file) changed while it was read; submit the job again when it is complete"
        case .noFiles(let pattern):
            "no file matches \(pattern) on the coordinator's machine; check --input and the job's input"
        }
    }
}

/// The input that is being read: its files one after another.
private final class OpenInput {
    let step: StepID
    let answer: @Sendable (InputReader.Answer) -> Void
    private let plan: InputPlan
    private var files: [SpoolHeader.InputFile] = []
    private var nextFile = 0
    private var current: OpenFile?
    private var finishedBytes: Int64 = 0

    private struct OpenFile {
        let file: File
        let identity: SpoolHeader.InputFile
        let reader: GzipReader
        let cutter: ChunkCutter
    }

    init(step: StepID, plan: InputPlan, answer: @escaping @Sendable (InputReader.Answer) -> Void) {
        self.step = step
        self.plan = plan
        self.answer = answer
    }

    /// Looks what the files are, opens the first of them and checks its header.
    func open() throws(InputError) -> [SpoolHeader.InputFile] {
        for (index, path) in plan.files.enumerated() {
            let file = try storage { () throws(StorageError) in try InputFiles.identify(path) }
            if let expected = plan.expected, expected[index] != file {
                throw .changed(file: path)
            }
            files.append(file)
        }
        try openNextFile()
        return files
    }

    /// Opens the next file and checks its header.
    private func openNextFile() throws(InputError) {
        let identity = files[nextFile]
        let path = identity.path
        nextFile += 1
        let file = try storage { () throws(StorageError) in try File.open(readingFrom: path) }
        let reader = GzipReader(source: FileSource(file))
        let cutter = ChunkCutter(reader: reader, chunkSizeBytes: plan.chunkSizeBytes)
        current = OpenFile(file: file, identity: identity, reader: reader, cutter: cutter)
        guard plan.hasHeader else { return }
        let line: [UInt8]
        do throws(ChunkError) {
            line = try cutter.readHeaderLine() ?? []
        } catch {
            throw .chunk(file: path, error)
        }
        if let problem = checkHeader(line, against: plan.declaration) {
            throw .header(file: path, problem)
        }
    }

    /// The next chunk, or nil when the last file has ended and all were verified.
    func cutChunk(memory: MemoryPool) throws(InputError) -> CutText? {
        while let open = current {
            let block = memory.take(capacity: open.cutter.bufferSizeBytes)
            let chunk: CutChunk?
            do throws(ChunkError) {
                chunk = try open.cutter.next(into: block.bytes)
            } catch {
                // What another writer did to the file shows as damage first.
                try checkUnchanged(open)
                throw .chunk(file: open.file.path, error)
            }
            if let chunk {
                return CutText(
                    block: block,
                    sizeBytes: chunk.sizeBytes,
                    firstLine: chunk.firstLine,
                    lineCount: chunk.lineCount,
                    crc32: chunk.crc32,
                    source: open.file.path,
                    compressedBytes: finishedBytes + open.reader.compressedOffset
                )
            }
            try checkUnchanged(open)
            finishedBytes += open.identity.sizeBytes
            current = nil
            if nextFile < plan.files.count { try openNextFile() }
        }
        return nil
    }

    /// The file must be what it was, both under its descriptor and under its name.
    private func checkUnchanged(_ open: OpenFile) throws(InputError) {
        let same = try storage { () throws(StorageError) in
            let named = try InputFiles.identify(open.file.path)
            return try InputFiles.identity(of: open.file) == open.identity
                && named == open.identity
        }
        guard same else { throw .changed(file: open.file.path) }
    }

    private func storage<Value>(
        _ body: () throws(StorageError) -> Value
    ) throws(InputError) -> Value {
        do throws(StorageError) { return try body() } catch { throw .storage(error) }
    }
}

/// Compressed bytes from a file, read in order.
private final class FileSource: ByteSource {
    private let file: File
    private var offset: Int64 = 0

    init(_ file: File) { self.file = file }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(GzipError) -> Int {
        do throws(StorageError) {
            let count = try file.read(into: buffer, at: offset)
            offset += Int64(count)
            return count
        } catch {
            throw .source(description: "\(error)")
        }
    }
}
