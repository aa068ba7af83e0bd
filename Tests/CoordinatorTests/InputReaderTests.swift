import Base
import Columns
import Dispatch
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Coordinator

/// A gzip member of stored blocks, made without the library under test (RFC 1951, RFC 1952).
func gzip(_ text: String) -> [UInt8] {
    let content = Array(text.utf8)
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var start = 0
    repeat {
        let end = min(start + 0xFFFF, content.count)
        let size = UInt16(end - start)
        bytes.append(end == content.count ? 1 : 0)
        for value in [size, ~size] { bytes += [UInt8(value & 0xFF), UInt8(value >> 8)] }
        bytes += content[start..<end]
        start = end
    } while start < content.count
    var crc = UInt32.max
    for byte in content {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    for value in [~crc, UInt32(content.count)] {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    return bytes
}

private struct Chunk: Equatable {
    var text: String
    var firstLine: Int64
    var source: String
}

/// Answers in the order in which they came.
final class AnswerQueue: Sendable {
    private let answers = Mutex<[InputReader.Answer]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func put(_ answer: InputReader.Answer) {
        answers.withLock { $0.append(answer) }
        arrived.signal()
    }

    func take() throws -> InputReader.Answer {
        guard arrived.wait(timeout: .now() + .seconds(60)) == .success else {
            throw TestLoop.TimedOut()
        }
        return answers.withLock { $0.removeFirst() }
    }
}

/// Reads a step's input as the shell does, one answer after another.
private final class Reading {
    struct Failure: Error { let reason: String }

    private let reader = InputReader(
        memory: MemoryPool(keptBlocks: 1),
        indexes: IndexStore(directory: "/nonexistent/indexes")
    )
    private let step = StepID(job: JobID(1), index: 0)
    private let answers = AnswerQueue()
    private(set) var chunks: [Chunk] = []

    func open(_ files: [String], chunkSizeBytes: Int = 16) throws {
        reader.open(step, plan(files, chunkSizeBytes)) { [answers] in answers.put($0) }
        guard case .opened = try take() else { throw Failure(reason: "not opened first") }
    }

    /// The first answer where a search is asked for right behind the opening.
    func openAndSearch(_ file: String) throws -> InputReader.Answer {
        reader.open(step, plan([file], 16)) { [answers] in answers.put($0) }
        reader.searchDamage(step) { [answers] in answers.put($0) }
        return try takeNoNote()
    }

    private func plan(_ files: [String], _ chunkSizeBytes: Int) -> InputPlan {
        InputPlan(
            files: files,
            declaration: TransformDeclaration(
                columns: [
                    ColumnDeclaration(name: "id", type: .string),
                    ColumnDeclaration(name: "n", type: .int32),
                ],
                nullMarker: Array("\\N".utf8),
                stripsCarriageReturn: false,
                clusterBy: []
            ),
            hasHeader: true,
            chunkSizeBytes: chunkSizeBytes
        )
    }

    /// Cuts one chunk; false when there is none.
    func cut() throws -> Bool {
        reader.cut(step)
        guard case .chunk(let text) = try take() else { return false }
        let bytes = text.block.prefix(text.sizeBytes)
        chunks.append(
            Chunk(
                text: String(decoding: bytes, as: UTF8.self),
                firstLine: text.firstLine,
                source: text.source
            )
        )
        return true
    }

    func cutAll() throws { while try cut() {} }

    /// The damage that is found in the rest of the file.
    func searchDamage() throws -> String? {
        reader.searchDamage(step) { [answers] in answers.put($0) }
        guard case .searched(let damage) = try take() else { throw Failure(reason: "no answer") }
        return damage
    }

    private func takeNoNote() throws -> InputReader.Answer {
        var answer = try answers.take()
        while case .note = answer { answer = try answers.take() }
        return answer
    }

    private func take() throws -> InputReader.Answer {
        let answer = try takeNoNote()
        if case .failed(let reason) = answer { throw Failure(reason: reason) }
        return answer
    }
}

/// Why reading failed; empty when it did not.
private func reason(_ body: () throws -> Void) throws -> String {
    do {
        try body()
        return ""
    } catch let failure as Reading.Failure {
        return failure.reason
    }
}

@Suite("The input of a step is read, verified and cut")
struct InputReaderTests {
    private let text = "id\tn\n" + (1...9).map { "row\($0)\t\($0)\n" }.joined()

    @Test("chunks are whole lines with their line numbers, the header is line 1")
    func chunks() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            try write(gzip(text), to: path)
            let reading = Reading()
            try reading.open([path])
            try reading.cutAll()
            #expect("id\tn\n" + reading.chunks.map(\.text).joined() == text)
            #expect(reading.chunks.map(\.firstLine) == [2, 4, 6, 8, 10])
        }
    }

    @Test("several files are read in order, each with its header and its own line numbers")
    func severalFiles() throws {
        try withTemporaryFolder { folder in
            let paths = ["a", "b", "c"].map { "\(folder)/\($0).gz" }
            for path in paths { try write(gzip("id\tn\n\(path)\t1\n"), to: path) }
            let reading = Reading()
            try reading.open(paths, chunkSizeBytes: 100)
            try reading.cutAll()
            let expected = paths.map { Chunk(text: "\($0)\t1\n", firstLine: 2, source: $0) }
            #expect(reading.chunks == expected)
        }
    }

    @Test(
        "a header that does not match fails before any chunk, naming file, line and column",
        arguments: [("id\n", "n"), ("n\tid\n", "order"), ("id\tn\tx\n", "x"), ("", "header")]
    )
    func header(line: String, named: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            try write(gzip(line), to: path)
            let reason = try reason { try Reading().open([path]) }
            #expect(reason.hasPrefix("\(path): line 1: "))
            #expect(reason.dropFirst(path.count).contains(named))
        }
    }

    @Test("the header of a second file is checked as well")
    func secondHeader() throws {
        try withTemporaryFolder { folder in
            try write(gzip(text), to: folder + "/a.gz")
            try write(gzip("id\tm\nx\t1\n"), to: folder + "/b.gz")
            let reading = Reading()
            try reading.open([folder + "/a.gz", folder + "/b.gz"])
            let reason = try reason(reading.cutAll)
            #expect(reason.hasPrefix("\(folder)/b.gz: line 1: "))
        }
    }

    @Test("a file that is cut short fails with its name and the offset of its end")
    func truncated() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            let whole = gzip(text)
            try write(Array(whole.dropLast(5)), to: path)
            let reading = Reading()
            let reason = try reason {
                try reading.open([path])
                try reading.cutAll()
            }
            #expect(reason.hasPrefix("\(path): "))
            #expect(reason.contains("\(whole.count - 5)"))
        }
    }

    @Test("a damaged byte fails, naming the file")
    func damaged() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            var bytes = gzip(text)
            bytes[40] ^= 1
            try write(bytes, to: path)
            let reading = Reading()
            let reason = try reason {
                try reading.open([path])
                try reading.cutAll()
            }
            #expect(reason.hasPrefix("\(path): "))
        }
    }

    @Test("a wrong header of a damaged file is told with the damage, and its place")
    func damagedHeader() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            // The end is not read along with the first line.
            var bytes = gzip("ie\tn\n" + String(repeating: "row\t1\n", count: 200_000))
            bytes[bytes.count - 8] ^= 1
            try write(bytes, to: path)
            let reason = try reason { try Reading().open([path]) }
            #expect(
                reason.hasPrefix("\(path): damaged content of the gzip member at byte 0: CRC-32")
            )
            #expect(reason.contains("; that may be why \(path): line 1: "))
        }
    }

    @Test("damage behind the lines that were read is found, and none in a file that is whole")
    func search() throws {
        try withTemporaryFolder { folder in
            let (whole, damaged) = (folder + "/a.gz", folder + "/b.gz")
            try write(gzip(text) + gzip(text), to: whole)
            var bytes = gzip(text) + gzip(text)
            bytes[bytes.count - 8] ^= 1
            try write(bytes, to: damaged)
            for (path, expected) in [(whole, nil), (damaged, "member at byte \(bytes.count / 2)")] {
                let reading = Reading()
                try reading.open([path])
                #expect(try reading.cut())
                let damage = try reading.searchDamage()
                #expect(damage?.contains(expected ?? "none") ?? (expected == nil))
                // The input is over with it.
                #expect(try reading.searchDamage() == nil)
            }
        }
    }

    @Test("a search that is asked for while wrong lines have begun one is answered with its damage")
    func searchTwice() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            // More than is searched in one turn.
            let member = gzip(String(repeating: "row\t1\n", count: 17_000))
            var bytes = gzip("ie\tn\n")
            for _ in 0..<180 { bytes += member }
            bytes[bytes.count - 8] ^= 1
            try write(bytes, to: path)
            let reading = Reading()
            let answer = try reading.openAndSearch(path)
            guard case .failed(let reason) = answer else {
                Issue.record("the search was given up: \(answer)")
                return
            }
            #expect(reason.contains("; that may be why \(path): line 1: "))
        }
    }

    @Test("an input that was read to its end has no damage")
    func searchAfterTheEnd() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            try write(gzip(text), to: path)
            let reading = Reading()
            try reading.open([path])
            try reading.cutAll()
            #expect(try reading.searchDamage() == nil)
        }
    }

    @Test("a missing file fails, naming it")
    func missing() throws {
        let reason = try reason { try Reading().open(["/nowhere/x.gz"]) }
        #expect(reason.contains("/nowhere/x.gz"))
    }

    @Test(
        "a file that is replaced or written again between two cuts fails",
        arguments: [true, false]
    )
    func changed(inPlace: Bool) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.gz"
            try write(gzip(text), to: path)
            let reading = Reading()
            try reading.open([path])
            #expect(try reading.cut())
            if inPlace {
                // One byte more behind what was read: only the look at the whole file tells.
                try write(gzip(text) + [0], to: path)
            } else {
                try write(gzip("id\tn\nother\t1\n"), to: folder + "/new")
                try Directory.rename(from: folder + "/new", to: path)
            }
            let reason = try reason(reading.cutAll)
            #expect(reason.hasPrefix("\(path) changed while it was read"))
        }
    }
}
