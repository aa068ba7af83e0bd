import Base
import Scheduling
import Testing

@Suite("A publication whose outcome may be unknown")
struct CommitProtocolTests {
    private struct Trouble: CommitFailure, Equatable { var isBusy: Bool }

    private typealias Publishing = CommitProtocol<Trouble>
    private static let busy = Trouble(isBusy: true)
    private static let broken = Trouble(isBusy: false)

    @Test("an answer with a snapshot ends it")
    func success() {
        var commit = Publishing()
        #expect(commit.published(.success(SnapshotID(4))).word == "done 4")
    }

    @Test("an error is followed by a look-up of the key, which tells that it happened all the same")
    func lostAnswer() {
        for error in [Self.busy, Self.broken] {
            var commit = Publishing()
            #expect(commit.published(.failure(error)).word == "look up after 0")
            #expect(commit.lookedUp(.success(SnapshotID(7))).word == "done 7")
        }
    }

    @Test("an absent key after another error than a busy catalog is a failure")
    func failure() {
        var commit = Publishing()
        _ = commit.published(.failure(Self.broken))
        #expect(commit.lookedUp(.success(nil)).word == "failed")
    }

    @Test("a busy catalog is tried twenty times, the key looked up in between")
    func busy() {
        var commit = Publishing()
        var publications = 1
        while commit.published(.failure(Self.busy)).word == "look up after 0",
            commit.lookedUp(.success(nil)).word == "publish"
        {
            publications += 1
        }
        #expect(publications == 20)
    }

    @Test("nothing is published or given up while the key cannot be looked up")
    func unknown() {
        var commit = Publishing()
        _ = commit.published(.failure(Self.busy))
        var words: [String] = []
        for _ in 1...20 { words.append(commit.lookedUp(.failure(Self.broken)).word) }
        #expect(Set(words.dropLast()) == ["look up after 1"])
        #expect(words.last == "unknown")
    }
}

extension CommitProtocol.Action {
    fileprivate var word: String {
        switch self {
        case .publish: "publish"
        case .lookUp(let delay): "look up after \(Int(delay.seconds))"
        case .done(let snapshot): "done \(snapshot)"
        case .failed: "failed"
        case .unknown: "unknown"
        }
    }
}
