import Base
import Dispatch
import TestSupport
import Testing

@testable import Coordinator

@Suite("The lock on a state directory")
struct StateLockTests {
    @Test("is refused to a second coordinator while the first one lives")
    func refused() throws {
        try withTemporaryFolder { folder in
            let first = try StateLock(path: folder + "/lock")
            #expect(throws: StartError.self) {
                try StateLock(path: folder + "/lock", patience: .milliseconds(20))
            }
            withExtendedLifetime(first) {}
        }
    }

    @Test("is waited for while its holder is on the way out")
    func waited() throws {
        try withTemporaryFolder { folder in
            let dying = Dying(lock: try StateLock(path: folder + "/lock"))
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) {
                dying.lock = nil
            }
            _ = try StateLock(path: folder + "/lock", patience: .seconds(60))
        }
    }
}

/// A holder of the lock that lets go of it.
///
/// `@unchecked Sendable`: written once, by the queue that it was handed to.
private final class Dying: @unchecked Sendable {
    var lock: StateLock?

    init(lock: StateLock) { self.lock = lock }
}
