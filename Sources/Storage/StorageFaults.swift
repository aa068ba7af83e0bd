import Glibc
import Synchronization

/// System calls that shall fail, for tests: the Nth one that changes something beneath a folder.
///
/// Or that shall succeed and write something else, as broken disks and memory do.
///
/// In effect as long as the object lives. Other folders are untouched, so that tests may run beside
/// each other; whatever thread makes the calls, they are counted. A program without any pays one
/// load a call.
package final class StorageFaults: Sendable {
    /// What a call does; reading and looking never fail here.
    package enum Operation: CaseIterable, Sendable {
        case create, write, copy, synchronize, rename, remove

        /// All that may find a disk full: to remove something needs no space.
        package static let spaceTakers = Set(allCases).subtracting([.remove])
    }

    /// What becomes of the calls that are struck.
    private enum Effect: Sendable, Equatable {
        case error(Int32)
        /// One bit of what was written is another.
        case flippedBit
    }

    private static let armed = Mutex<[ObjectIdentifier: Plan]>([:])
    /// How many are in `armed`, for a look without the lock.
    private static let armedCount = Atomic<Int>(0)

    private let plan: Plan

    /// - Parameters:
    ///   - folder: absolute, without a slash at its end.
    ///   - operations: the calls that are counted.
    ///   - errorNumber: what the failing ones answer.
    ///   - first: the call that fails, counted from 1; with 0 all are made, and only counted.
    ///   - isLasting: whether those behind it fail, too.
    package convenience init(
        beneath folder: String,
        operations: Set<Operation> = Operation.spaceTakers,
        errorNumber: Int32 = ENOSPC,
        first: Int,
        isLasting: Bool = false
    ) {
        self.init(
            Plan(
                folder: folder + "/",
                operations: operations,
                effect: .error(errorNumber),
                first: first,
                isLasting: isLasting
            )
        )
    }

    /// Lets one call of all that write or copy bytes beneath a folder flip a bit of them.
    package convenience init(flippingBitBeneath folder: String, first: Int) {
        self.init(
            Plan(
                folder: folder + "/",
                operations: [.write, .copy],
                effect: .flippedBit,
                first: first,
                isLasting: false
            )
        )
    }

    private init(_ plan: Plan) {
        self.plan = plan
        Self.armed.withLock { $0[ObjectIdentifier(self)] = plan }
        Self.armedCount.add(1, ordering: .sequentiallyConsistent)
    }

    deinit {
        _ = Self.armed.withLock { $0.removeValue(forKey: ObjectIdentifier(self)) }
        Self.armedCount.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// The calls so far, with those that failed.
    package var calls: Int { plan.calls.load(ordering: .sequentiallyConsistent) }

    /// The error that a call is to answer with; nil lets it be made.
    static func errorNumber(for operation: Operation, _ path: String) -> Int32? {
        let effects = strike(operation, path) { $0 != .flippedBit }
        return if case .error(let number) = effects.first { number } else { nil }
    }

    /// Whether a call that succeeded is to have written one bit wrong.
    static func flipsBit(of operation: Operation, _ path: String) -> Bool {
        !strike(operation, path) { $0 == .flippedBit }.isEmpty
    }

    /// Counts a call with the plans of such effects; what becomes of it.
    private static func strike(
        _ operation: Operation,
        _ path: String,
        where isMeant: (Effect) -> Bool
    ) -> [Effect] {
        guard armedCount.load(ordering: .relaxed) > 0 else { return [] }
        let plans = armed.withLock { Array($0.values) }.filter { isMeant($0.effect) }
        // Not lazily: each plan counts each call once.
        return plans.compactMap { $0.strike(operation, path) }
    }

    private final class Plan: Sendable {
        let calls = Atomic<Int>(0)
        private let folder: String
        private let operations: Set<Operation>
        let effect: Effect
        private let first: Int
        private let isLasting: Bool

        init(
            folder: String,
            operations: Set<Operation>,
            effect: Effect,
            first: Int,
            isLasting: Bool
        ) {
            self.folder = folder
            self.operations = operations
            self.effect = effect
            self.first = first
            self.isLasting = isLasting
        }

        func strike(_ operation: Operation, _ path: String) -> Effect? {
            guard operations.contains(operation), path.hasPrefix(folder) else { return nil }
            let number = calls.add(1, ordering: .sequentiallyConsistent).newValue
            guard first > 0, isLasting ? number >= first : number == first else { return nil }
            return effect
        }
    }
}
