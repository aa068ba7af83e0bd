import Dispatch
import Storage
import Synchronization
import Testing
import Transport

/// A running loop, and a way for a test's thread to wait for what happens on it.
final class TestLoop: Sendable {
    struct TimedOut: Error {}

    let loop: EventLoop

    init() throws {
        loop = try EventLoop(name: "test")
        loop.start()
    }

    deinit { loop.stop() }

    /// Calls `body` on the loop and waits for what it answers.
    func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (@escaping @Sendable (Answer) -> Void) -> Void
    ) throws -> Answer {
        let answer = Stored<Answer>()
        loop.execute { body { answer.finish($0) } }
        return try answer.wait()
    }

    /// One value, handed over from any thread; the first one counts.
    final class Stored<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        private let arrived = DispatchSemaphore(value: 0)

        func finish(_ new: Value) {
            value.withLock { value in
                if value == nil { value = new }
            }
            arrived.signal()
        }

        /// No test takes a second; the rest is for machines that are starved of CPU.
        func wait() throws -> Value {
            guard arrived.wait(timeout: .now() + .seconds(60)) == .success,
                let value = value.withLock({ $0 })
            else { throw TimedOut() }
            return value
        }
    }
}

/// Writes a whole file, in place where there is one.
func write(_ bytes: [UInt8], to path: String) throws {
    let file = try File.create(path: path, exclusive: false)
    try bytes.withUnsafeBytes { try file.write($0, at: 0) }
}
