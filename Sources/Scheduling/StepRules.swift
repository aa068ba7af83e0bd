import Base

/// When a step of a workflow may begin, and what follows where it fails.
package struct StepRules: Sendable, Equatable {
    /// Steps of the same job, by index, that must have ended before this one begins.
    ///
    /// They come before it in the job's plan.
    package var needs: [Int]
    /// Whether an action is skipped where none of the steps it needs has changed anything.
    package var onlyIfChanged: Bool
    /// How often an action that failed is tried again.
    package var retries: Int
    /// The wait before the first of these tries; doubled each time, up to `lastRetryDelay`.
    package var retryDelay: Duration
    /// How long a load, or one try of an action, may take; nil for as long as it takes.
    package var timeout: Duration?

    package init(
        needs: [Int] = [],
        onlyIfChanged: Bool = false,
        retries: Int = 0,
        retryDelay: Duration = .zero,
        timeout: Duration? = nil
    ) {
        self.needs = needs
        self.onlyIfChanged = onlyIfChanged
        self.retries = retries
        self.retryDelay = retryDelay
        self.timeout = timeout
    }

    /// The longest wait between two tries: an hour, after which a source that was down is worth
    /// asking again however long it was.
    package static let lastRetryDelay = Duration.seconds(3600)

    /// The wait after so many failures.
    func delay(afterFailures failures: Int) -> Duration {
        retryDelay.doubled(failures - 1, upTo: Self.lastRetryDelay)
    }
}
