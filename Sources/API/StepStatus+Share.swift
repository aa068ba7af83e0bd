extension StepStatus {
    /// Whether there is work for workers in the step; others are actions of the coordinator.
    package var hasTasks: Bool { kind != "ingest" && kind != "views" }

    /// How much of the step is done, from 0 to 1: the chunks done of those that the input will make.
    package var share: Double {
        guard hasTasks else {
            guard inputBytes > 0 else { return 0 }
            return min(1, Double(inputReadBytes) / Double(inputBytes))
        }
        guard chunks.total > 0 else { return 0 }
        let done = Double(chunks.done) / Double(chunks.total)
        // Chunks are counted as they are cut; until the input is read, there will be more.
        let read = inputBytes > 0 ? Double(inputReadBytes) / Double(inputBytes) : 1
        return min(1, max(0, done * min(1, read)))
    }
}
