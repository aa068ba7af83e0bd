import Base
import Columns
import Gzip
import Jobs
import Sample

/// What benchmarks work on: made up, and the same each time.
enum Inputs {
    static let chunkSizeBytes = 8 << 20

    /// The table most like real text: all scripts, many distinct strings, lists.
    static func scale(_ extent: Extent) -> Double { extent.choose(0.01, small: 0.0001) }

    /// The lines of a sample table, without its header, with room behind for vector loops.
    static func lines(of table: SampleTable, _ extent: Extent) throws -> ReadableText {
        let text = try sampleText(of: table, scale: scale(extent), seed: 1)
        let start = text.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return ReadableText(text[start...])
    }

    /// The declaration of a shipped job.
    static func declaration(_ job: String) throws -> TransformDeclaration {
        let jobs = try JobLibrary(directories: []).resolve(job, set: [:])
        guard case .table(let table) = jobs.first?.work else {
            preconditionFailure("\(job) loads no table")
        }
        return table.transform
    }
}

/// Text in memory of its own, as chunks have it: with slack behind it, and writable.
final class ReadableText {
    let bytes: UnsafeMutableRawBufferPointer
    private let memory: UnsafeMutableRawBufferPointer

    init(_ text: some Collection<UInt8>) {
        memory = .allocate(byteCount: text.count + Limits.textSlackBytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        memory.copyBytes(from: text)
        bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<text.count])
    }

    deinit { memory.deallocate() }

    var readOnly: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }
}
