import Base
import Columns
import Dispatch
package import Gzip
import Spool
package import Storage
package import TSV
import Wire

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
    /// Whether split indexes are believed.
    var usesIndexes = true
    /// What the table was loaded from, where the same is not loaded again.
    var loaded: LoadedInput?
}

/// A chunk of whole lines with what a lease has to say about it.
struct CutText: Sendable {
    /// The text, or, where there is a `slice`, what a worker inflates it from.
    var block: MemoryBlock
    /// Size, place and CRC-32 of the text.
    var sizeBytes: Int
    var firstLine: Int64
    var lineCount: Int64
    var crc32: UInt32
    /// The file it comes from.
    var source: String
    /// Compressed bytes read so far, over all files of the step.
    var compressedBytes: Int64 = 0
    var slice: LeasedSlice?
    /// CRC-32 of what the block holds, where that is not the text.
    var sliceCRC32: UInt32 = 0

    /// Size and CRC-32 of what the block holds.
    var storedSizeBytes: Int { slice?.sizeBytes ?? sizeBytes }
    var storedCRC32: UInt32 { slice == nil ? crc32 : sliceCRC32 }
}

extension ChunkSummary {
    /// What the scheduler knows of a chunk, and what its result is kept under.
    init(_ text: CutText) {
        self.init(
            sizeBytes: text.sizeBytes,
            lines: text.lineCount,
            firstLine: text.firstLine,
            source: text.source,
            crc32: text.crc32
        )
    }
}

/// Inflates and cuts the input of one step after another, on a thread of its own.
///
/// `@unchecked Sendable`: everything but the constants belongs to `queue`. Answers come on `queue`;
/// whoever asks brings them to the loop.
final class InputReader: @unchecked Sendable {
    enum Answer: Sendable {
        /// The first header was checked; the files are these.
        case opened([SpoolHeader.InputFile])
        /// How a file is read, for the job's log.
        case note(String)
        case chunk(CutText)
        /// The whole input was read and verified; the CRC-32 of each file.
        case ended(crc32: [UInt32?])
        /// It is what the table was loaded from.
        case unchanged
        case failed(reason: String)
        /// Chunks were handed out that are not what the files hold.
        case distrusted(reason: String)
        /// What damage was found where `searchDamage` asked for it.
        case searched(damage: String?)
    }

    private let queue = DispatchQueue(label: "input")
    private let memory: MemoryPool
    private let indexes: IndexStore
    private var current: OpenInput?
    /// The search that is under way, and who waits for it.
    private var search: (step: StepID, search: DamageSearch, completion: (String?) -> Void)?

    init(memory: MemoryPool, indexes: IndexStore) {
        self.memory = memory
        self.indexes = indexes
    }

    func open(_ step: StepID, _ plan: InputPlan, answer: @escaping @Sendable (Answer) -> Void) {
        queue.async { [self] in
            let input = OpenInput(step: step, plan: plan, indexes: indexes, answer: answer)
            current = input
            do throws(InputError) {
                if try input.isLoaded() {
                    current = nil
                    return answer(.unchanged)
                }
                answer(.opened(try input.open()))
            } catch {
                fail(input, error)
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
                    input.answer(.ended(crc32: input.crc32))
                }
            } catch {
                fail(input, error)
            }
        }
    }

    /// Reads the file that is being read to its end, to see whether it is damaged.
    ///
    /// Answers at once that it is not where the whole input was read and verified meanwhile. Where
    /// the step's input is searched already, for wrong lines, the failure that follows is the answer.
    func searchDamage(_ step: StepID, answer: @escaping @Sendable (Answer) -> Void) {
        queue.async { [self] in
            guard search?.step != step else { return }
            guard let input = current, input.step == step else {
                return answer(.searched(damage: nil))
            }
            searchDamage(in: input) { answer(.searched(damage: $0)) }
        }
    }

    /// Ends an input that cannot be read; wrong lines may be the work of damage further on.
    private func fail(_ input: OpenInput, _ error: InputError) {
        if case .distrusted = error {
            current = nil
            return input.answer(.distrusted(reason: error.description))
        }
        guard error.isAboutLines else {
            current = nil
            return input.answer(.failed(reason: error.description))
        }
        searchDamage(in: input) { damage in
            let reasons = (damage.map { ["\($0); that may be why"] } ?? []) + [error.description]
            input.answer(.failed(reason: reasons.joined(separator: " ")))
        }
    }

    private func searchDamage(
        in input: OpenInput,
        _ completion: @escaping (String?) -> Void
    ) {
        current = nil
        guard let file = input.fileBeingRead else { return completion(nil) }
        do throws(InputError) {
            search = (input.step, try DamageSearch(in: file), completion)
            goOnSearching()
        } catch {
            completion(error.description)
        }
    }

    /// Searches for a while, and later goes on, so that a search can be ended.
    private func goOnSearching() {
        guard let (_, current, completion) = search else { return }
        do throws(InputError) {
            guard try current.advance() else { return queue.async { [self] in goOnSearching() } }
            search = nil
            completion(nil)
        } catch {
            search = nil
            completion(error.description)
        }
    }

    /// Removes the indexes of files that are not believed, before anything that is opened later.
    func discardIndexes(of files: [String], chunkSizeBytes: Int, hasHeader: Bool) {
        queue.async { [indexes] in
            let cut = SplitIndex.Cut(chunkSizeBytes: chunkSizeBytes, hasHeader: hasHeader)
            for file in files {
                do throws(StorageError) {
                    indexes.remove(SplitIndex.Source(try InputFiles.identify(file)), cut)
                } catch {
                    CoordinatorLog.write("the split index of \(file) may stay behind: \(error)")
                }
            }
        }
    }

    /// Ends when everything that was asked for is done.
    func drain() { queue.sync {} }

    func close(_ step: StepID) {
        queue.async { [self] in
            if current?.step == step { current = nil }
            if search?.step == step { search = nil }
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
package enum InputError: Error, CustomStringConvertible {
    case storage(StorageError)
    case chunk(file: String, ChunkError)
    case header(file: String, HeaderProblem)
    case changed(file: String)
    /// Read from its beginning, a file has other chunks than its index gave.
    case distrusted(file: String)
    case noFiles(pattern: String)

    /// Whether lines are wrong, and not the file, as far as that was read.
    var isAboutLines: Bool {
        switch self {
        case .header, .chunk(_, .lineTooLong): true
        case .storage, .chunk(_, .gzip), .changed, .distrusted, .noFiles: false
        }
    }

    package var description: String {
        switch self {
        case .storage(let error): "\(error)"
        case .chunk(let file, let error): "\(file): \(error)"
        case .header(let file, let problem): "\(file): line 1: \(problem)"
        case .changed(let file):
            "\(file) changed while it was read; submit the job again when it is complete"
        case .distrusted(let file):
            "\(file) has other lines than were read of it by its split index"
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
    private let indexes: IndexStore
    private var files: [SpoolHeader.InputFile] = []
    private var nextFile = 0
    private var current: OpenFile?
    private var finishedBytes: Int64 = 0
    /// CRC-32 of each file that was read.
    private(set) var crc32: [UInt32?] = []

    /// The file that is being read, or could not be begun; those before it were verified.
    var fileBeingRead: SpoolHeader.InputFile? {
        current?.identity ?? (nextFile < files.count ? files[nextFile] : nil)
    }

    init(
        step: StepID,
        plan: InputPlan,
        indexes: IndexStore,
        answer: @escaping @Sendable (InputReader.Answer) -> Void
    ) {
        self.step = step
        self.plan = plan
        self.indexes = indexes
        self.answer = answer
    }

    /// Whether there is nothing to load.
    func isLoaded() throws(InputError) -> Bool {
        guard let loaded = plan.loaded else { return false }
        return try storage { () throws(StorageError) in try loaded.isSame(as: plan.files) }
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
        let answer = answer
        current = try OpenFile(files[nextFile], plan: plan, indexes: indexes) {
            answer(.note($0))
        }
        nextFile += 1
    }

    /// The next chunk, or nil when the last file has ended and all were verified.
    func cutChunk(memory: MemoryPool) throws(InputError) -> CutText? {
        while let open = current {
            if var chunk = try open.next(memory: memory) {
                chunk.compressedBytes = finishedBytes + open.compressedOffset
                return chunk
            }
            finishedBytes += open.identity.sizeBytes
            crc32.append(open.fileCRC32)
            current = nil
            if nextFile < files.count { try openNextFile() }
        }
        return nil
    }

    private func storage<Value>(
        _ body: () throws(StorageError) -> Value
    ) throws(InputError) -> Value {
        do throws(StorageError) { return try body() } catch { throw .storage(error) }
    }
}
