package import Base

/// Tasks of a step whose results are durable since an earlier coordinator: they are not done again.
///
/// The input is cut once more, at the same places; a chunk that is not what it was then tells that
/// the input has changed, and the job ends with that reason.
package struct FinishedTasks: Sendable, Equatable {
    package struct Result: Sendable, Equatable {
        package var chunk: ChunkSummary
        package var report: TaskReport

        package init(chunk: ChunkSummary, report: TaskReport) {
            self.chunk = chunk
            self.report = report
        }
    }

    /// Results by the task's index.
    package var results: [Int: Result]
    /// Results of tasks that merge, by the task's index.
    package var merged: [Int: Result]
    /// How many chunks the input has; nil when it was not read and verified to its end.
    package var chunkCount: Int?
    /// Finished tasks without data.
    package var synthetic: Set<Int>

    package init(
        results: [Int: Result] = [:],
        merged: [Int: Result] = [:],
        chunkCount: Int? = nil,
        synthetic: Set<Int> = []
    ) {
        self.results = results
        self.merged = merged
        self.chunkCount = chunkCount
        self.synthetic = synthetic
    }

    package var count: Int { results.count + merged.count + synthetic.count }

    /// Whether nothing is left to read: the whole input was verified, and every chunk's task is finished.
    package var isComplete: Bool {
        guard let chunkCount else { return false }
        return results.count == chunkCount && results.keys.allSatisfy { $0 < chunkCount }
    }
}
