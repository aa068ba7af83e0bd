import Base
import Columns
import Gzip
import Parquet
import Scheduling
import Spool
import Storage
import TestSupport
import Testing
import Transport
import Wire

@testable import Coordinator

/// A spool on a loop, whose answers are waited for.
final class SpoolFixture: Sendable {
    static let step = StepID(job: JobID(3), index: 1)
    static let columns = [ColumnDeclaration(name: "n", type: .int32)]
    let test: TestLoop
    let spool: LoopBound<ResultSpool>
    let answers = AnswerBox()

    /// Hands the spool's answers to whoever waits; lives on the loop.
    final class AnswerBox: @unchecked Sendable {
        var waiting: [@Sendable (SpoolAnswer) -> Void] = []
    }

    init(folder: String) throws {
        let test = try TestLoop()
        let answers = self.answers
        let spool = ResultSpool(loop: test.loop, directory: folder) { answer in
            if !answers.waiting.isEmpty { answers.waiting.removeFirst()(answer) }
        }
        self.test = test
        self.spool = LoopBound(spool, loop: test.loop)
    }

    static func header(_ hash: UInt8 = 1, files: [SpoolHeader.InputFile] = []) -> SpoolHeader {
        SpoolHeader(
            step: step,
            chunkSizeBytes: 100,
            declarationHash: Array(repeating: hash, count: 32),
            files: files
        )
    }

    func begin(_ header: SpoolHeader = header()) throws {
        _ = try test.ask { [spool] (answer: @escaping @Sendable (Bool) -> Void) in
            spool.value.begin(header)
            answer(true)
        }
    }

    /// Ends the step for good, and waits until its file is gone.
    func close() throws {
        _ = try test.ask { [spool] (answer: @escaping @Sendable (Bool) -> Void) in
            spool.value.remove([Self.step]) { answer(true) }
        }
    }

    /// Forgets what came of the step, right after these were handed in.
    func discard(after items: [SpoolItem]) throws {
        let outcome = try test.ask {
            [spool] (answer: @escaping @Sendable (Result<Void, StorageError>) -> Void) in
            for item in items { spool.value.store(item) }
            spool.value.discard(Self.step) { answer($0) }
        }
        try outcome.get()
    }

    func store(_ item: SpoolItem) throws -> SpoolAnswer {
        try test.ask { [spool, answers] answer in
            answers.waiting.append(answer)
            spool.value.store(item)
        }
    }

    func recover(hash: UInt8 = 1, paths: [String] = []) throws -> SpoolRecovery {
        try test.ask { [spool] answer in
            let expectation = SpoolExpectation(
                step: Self.step,
                declarationHash: Array(repeating: hash, count: 32),
                paths: paths,
                columns: Self.columns
            )
            spool.value.recover([expectation]) { answer($0[0]) }
        }
    }

    /// A result of one row group, as a worker sends one.
    static func result(_ task: Int, rows: Int = 3) throws -> ArrivedResult {
        let encoded = try encodedRowGroup(task, rows: rows)
        let metadata = encoded.metadata.encoded()
        let payload = encoded.pages + metadata
        let block = MemoryPool(keptBlocks: 0).take(capacity: payload.count)
        block.bytes.copyBytes(from: payload)
        return ArrivedResult(
            attempt: AttemptID(Int64(task) + 1),
            task: TaskID(step: step, index: task),
            chunk: ChunkSummary(sizeBytes: 10, lines: Int64(rows), firstLine: 2, crc32: 5),
            columns: columns,
            result: TransformResult(
                lines: Int64(rows),
                rows: Int64(rows),
                rejected: 0,
                conversionFailures: [0],
                rowGroups: [
                    ResultRowGroup(
                        table: .rows,
                        pagesSizeBytes: encoded.pages.count,
                        metadataSizeBytes: metadata.count,
                        pagesCRC32: encoded.pages.withUnsafeBytes { crc32($0) },
                        metadataCRC32: metadata.withUnsafeBytes { crc32($0) }
                    )
                ]
            ),
            block: block,
            sha256: Digest.sha256(payload)
        )
    }

    private static func encodedRowGroup(
        _ task: Int,
        rows: Int
    ) throws -> (pages: [UInt8], metadata: RowGroupMetadata) {
        let batch = ColumnBatch(storage: .int32)
        batch.rowCount = rows
        for row in 0..<rows {
            batch.int32Values[row] = Int32(task * 100 + row)
            batch.validity[row] = 1
        }
        let encoder = RowGroupEncoder(columns: columns, sortColumns: [])
        try encoder.append([batch], text: UnsafeRawBufferPointer(start: nil, count: 0))
        var buffer = ByteBuffer()
        let metadata = try encoder.finish(into: &buffer)
        return (Array(buffer.bytes), metadata)
    }
}

extension SpoolRecovery {
    fileprivate var step: RecoveredStep? {
        if case .recovered(let step) = self { step } else { nil }
    }
}

@Suite("What tasks bring is durable, and found again by the next coordinator")
struct ResultSpoolTests {
    @Test("results and their metadata are found again, each where it lies")
    func results() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            var stored: [Int: StoredResult] = [:]
            for task in [2, 0] {
                let answer = try first.store(.result(try SpoolFixture.result(task)))
                guard case .result(AttemptID(Int64(task) + 1), .success(let result)) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                stored[task] = result
            }
            let recovered = try #require(try SpoolFixture(folder: folder).recover().step)
            #expect(recovered.results == stored)
            #expect(recovered.finished.results.keys.sorted() == [0, 2])
            #expect(recovered.finished.results[2]?.report.lines == 3)
            #expect(recovered.finished.results[2]?.chunk.crc32 == 5)
            #expect(recovered.finished.chunkCount == nil)
        }
    }

    @Test("a spool that was gone on with keeps what was there and what came after")
    func goingOn() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            _ = try first.store(.result(try SpoolFixture.result(0)))
            let second = try SpoolFixture(folder: folder)
            _ = try second.recover()
            _ = try second.store(.result(try SpoolFixture.result(1)))
            _ = try second.store(.finished(SpoolFixture.step, []))
            let third = try #require(try SpoolFixture(folder: folder).recover().step)
            #expect(third.results.keys.sorted() == [0, 1])
        }
    }

    @Test("ends of tasks without data are found again")
    func synthetic() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            let batch = [4, 9].map {
                SyntheticAttempt(
                    attempt: AttemptID($0),
                    task: TaskID(step: SpoolFixture.step, index: Int($0))
                )
            }
            let answer = try first.store(.finished(SpoolFixture.step, batch))
            guard case .finished([AttemptID(4), AttemptID(9)], nil) = answer else {
                Issue.record("\(answer)")
                return
            }
            let recovered = try #require(try SpoolFixture(folder: folder).recover().step)
            #expect(recovered.finished.synthetic == [4, 9])
        }
    }

    @Test("a result whose pages were damaged on the way is refused and leaves nothing")
    func damagedOnTheWay() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            let result = try SpoolFixture.result(0)
            result.block.bytes[0] ^= 1
            let answer = try first.store(.result(result))
            guard case .result(_, .failure(.wrongHash)) = answer else {
                Issue.record("\(answer)")
                return
            }
            let recovered = try SpoolFixture(folder: folder).recover()
            #expect(recovered.step == nil)
        }
    }

    @Test("what was forgotten of a step that begins anew stays so, with what was on its way")
    func discarded() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            _ = try first.store(.result(try SpoolFixture.result(0)))
            // The one is being written meanwhile, the other waits for its turn.
            try first.discard(after: [
                .result(try SpoolFixture.result(1)), .result(try SpoolFixture.result(2)),
            ])
            #expect(try Directory.list(path: folder).isEmpty)
            #expect(try SpoolFixture(folder: folder).recover().step == nil)
            try first.begin()
            _ = try first.store(.result(try SpoolFixture.result(3)))
            let recovered = try #require(try SpoolFixture(folder: folder).recover().step)
            #expect(recovered.results.keys.sorted() == [3])
        }
    }

    @Test("results of another declaration are not used")
    func otherDeclaration() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            _ = try first.store(.result(try SpoolFixture.result(0)))
            guard case .nothing(let reason?) = try SpoolFixture(folder: folder).recover(hash: 2)
            else {
                Issue.record("results of another declaration were taken")
                return
            }
            #expect(reason == "its job is declared otherwise now")
        }
    }

    @Test("a file of the input that is not what it was is named", arguments: ["changed", "gone"])
    func changedInput(how: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/input"
            try write([1, 2, 3], to: path)
            let first = try SpoolFixture(folder: folder)
            try first.begin(SpoolFixture.header(files: [try InputFiles.identify(path)]))
            _ = try first.store(.result(try SpoolFixture.result(0)))
            #expect(try SpoolFixture(folder: folder).recover(paths: [path]).step != nil)
            if how == "gone" { try Directory.remove(path: path) } else { try write([1], to: path) }
            guard case .inputChanged(path) = try SpoolFixture(folder: folder).recover(paths: [path])
            else {
                Issue.record("an input that was \(how) was not noticed")
                return
            }
        }
    }

    @Test("the sweep removes the files of steps that nobody went on with, and no others")
    func sweep() throws {
        try withTemporaryFolder { folder in
            let first = try SpoolFixture(folder: folder)
            try first.begin()
            _ = try first.store(.result(try SpoolFixture.result(0)))
            try write([1], to: folder + "/results-9-0")
            try Directory.create(path: folder + "/results-9-0.checks/deeper")
            try write([1], to: folder + "/results-9-0.checks/duckdb_temp_storage-0.tmp")
            let second = try SpoolFixture(folder: folder)
            _ = try second.recover()
            let spool = second.spool
            _ = try second.test.ask { (answer: @escaping @Sendable (Bool) -> Void) in
                spool.value.sweep()
                spool.value.recover([]) { _ in answer(true) }
            }
            #expect(try Directory.list(path: folder) == ["results-3-1"])
        }
    }
}
