import Base
import Dispatch
import Query
import Storage
import Transport

/// Lets DuckDB answer questions to the table store, one at a time, and keeps what it said.
///
/// What is let through is what `otjob query` lets through: statements that read. Lives on the loop.
final class QueryRunner {
    /// Statements of one job; a guess.
    private static let statementsLimit = 100
    private static let patience = Duration.seconds(1800)

    private let queue = DispatchQueue(label: "queries")
    private let loop: EventLoop
    private let store: StoreFolder
    private let directory: String

    init(loop: EventLoop, store: StoreFolder, directory: String) {
        self.loop = loop
        self.store = store
        self.directory = directory
    }

    /// Why statements are not let through.
    static func refusal(of statements: [String]) -> String? {
        guard statements.count <= statementsLimit else {
            return "a job has up to \(statementsLimit) statements"
        }
        for (index, statement) in statements.enumerated() {
            do throws(QueryRefusal) {
                try QueryGuard.check(statement)
            } catch {
                return "queries[\(index)]: \(error)"
            }
        }
        return nil
    }

    /// Where the answers to a run are kept.
    func path(of run: String) -> String { "\(directory)/\(run).txt" }

    /// Asks one statement after another; `completion` gets why one was not answered.
    func run(
        _ statements: [String],
        as run: String,
        _ completion: @escaping (String?) -> Void
    ) {
        let answer = LoopBound(completion, loop: loop)
        let (store, directory, path) = (store, directory, path(of: run))
        queue.async { [loop] in
            let outcome = Result { () throws(StorageError) in
                try Directory.create(path: directory)
                return try Self.ask(statements, store, keepingIn: path)
            }
            loop.execute {
                switch outcome {
                case .success(let problem): answer.value(problem)
                case .failure(let error): answer.value("\(error)")
                }
            }
        }
    }

    /// Removes the answers to a run that is forgotten.
    func forget(_ run: String) {
        let path = path(of: run)
        queue.async {
            if Directory.exists(path: path) { removeQuietly(path) }
        }
    }

    private static func ask(
        _ statements: [String],
        _ store: StoreFolder,
        keepingIn path: String
    ) throws(StorageError) -> String? {
        guard Directory.exists(path: store.catalog) else {
            return "there is no table store yet; load a table first"
        }
        let duckDB: DuckDB
        do throws(QueryError) {
            duckDB = try DuckDB.find()
        } catch {
            return error.description
        }
        let file = try File.create(path: path, exclusive: false)
        var offset: Int64 = 0
        for statement in statements {
            let words = duckDB.arguments(sql: statement, store: store, json: false)
            let run = try ProgramRun(words, keeping: .all, limit: patience)
            let output = Array((run.output + "\n").utf8)
            try file.write(output, at: offset)
            offset += Int64(output.count)
            guard !run.wasOverdue else { return "a statement took longer than \(patience)" }
            guard run.end == .exited(code: 0) else { return DuckDB.oneLine(run.output) }
        }
        return nil
    }
}
