package import Base
import CEvent
import Glibc
import Synchronization

/// Something on a loop that has to be ended when the loop stops; the loop keeps it alive until then.
package protocol LoopResource: AnyObject {
    /// Called once, on the loop, after its last turn.
    func loopDidStop()
}

/// One libevent loop: sockets, timers and handed-in work, all called back on one thread.
///
/// THREADING: `start`, `stop`, `execute`, `isInLoop` and the clocks may be called from any thread.
/// Everything else, and every object made with the loop, belongs to the loop's thread. Until
/// `run()` or `start()` is called that is the thread which made the loop, so that listeners can be
/// set up first; from then on it is the thread that runs it.
///
/// A turn of the loop: libevent collects what is ready, the callbacks run in that order, handed-in
/// work among them, then what was put off to the end of the turn (writing, news of closing).
///
/// A loop runs once. When it has stopped, everything registered on it is closed, with the news of
/// it delivered, before `run()` returns.
package final class EventLoop: Sendable {
    /// Callbacks after which a turn looks at the sockets again.
    ///
    /// So work that hands in more work cannot starve them. A guess: enough of them to make the
    /// epoll_wait between cheap.
    private static let callbacksPerTurn: Int32 = 64

    /// Rounds of closing after the last turn.
    ///
    /// A handler that makes a new connection when told of the end of one must not keep the process
    /// alive that way. A guess.
    private static let closingRounds = 8

    private struct Inbox {
        var work: [@Sendable () -> Void] = []
        var isWakeUpPending = false
        var isStopping = false
        var hasRun = false
    }

    private let name: String
    private let inbox = Mutex(Inbox())
    /// The `pthread_t` whose calls count as being in the loop; 0 while no thread does.
    private let thread = Atomic<UInt>(0)

    // Guard of the following: set in init, then read only.
    nonisolated(unsafe) let eventBase: EventBase
    private nonisolated(unsafe) var wakeUp: LoopEvent?
    private nonisolated(unsafe) var turnEnd: LoopEvent?

    // Guard of the following: touched in the loop only.
    private nonisolated(unsafe) var resources: [ObjectIdentifier: any LoopResource] = [:]
    private nonisolated(unsafe) var putOff: [() -> Void] = []

    /// A loop that does not run yet; `name` is what the thread is called in the system's tools.
    package init(name: String) throws(TransportError) {
        _ = Self.prepareProcess
        guard let base = Self.makeBase() else {
            throw .loopUnavailable(name: name, errno: errno)
        }
        self.name = name
        eventBase = EventBase(takingOver: base)
        thread.store(pthread_self(), ordering: .releasing)
        wakeUp = LoopEvent(on: eventBase, context: self) { _, _, context in
            callbackOwner(context, as: EventLoop.self).runHandedIn()
        }
        turnEnd = LoopEvent(on: eventBase, context: self) { _, _, context in
            callbackOwner(context, as: EventLoop.self).runPutOff()
        }
    }

    /// Once per process: libevent's locks, and no death by writing to a closed socket.
    private static let prepareProcess: Void = {
        precondition(evthread_use_pthreads() == 0, "libevent was built without thread support")
        signal(SIGPIPE, SIG_IGN)
    }()

    private static func makeBase() -> OpaquePointer? {
        guard let configuration = event_config_new() else { return nil }
        defer { event_config_free(configuration) }
        event_config_set_max_dispatch_interval(configuration, nil, callbacksPerTurn, 0)
        return event_base_new_with_config(configuration)
    }

    /// libevent's `event_base`, for the HTTP target only.
    package var base: OpaquePointer { eventBase.pointer }

    // MARK: Running

    /// Runs the loop on a thread of its own.
    ///
    /// The thread keeps the loop alive until it is stopped.
    package func start() {
        thread.store(0, ordering: .releasing)
        var identifier = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(&identifier, nil, Self.threadMain, context)
        precondition(code == 0, "cannot start the thread \(name): \(errnoText(code))")
        pthread_detach(identifier)
    }

    private static let threadMain:
        @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            guard let context else { preconditionFailure("a thread without its loop") }
            let loop = Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue()
            // The kernel keeps 15 bytes of the name.
            cevent_name_calling_thread(loop.name)
            loop.run()
            return nil
        }

    /// Runs the loop on the calling thread until `stop()`.
    package func run() {
        let isFirst = inbox.withLock { inbox in
            defer { inbox.hasRun = true }
            return !inbox.hasRun
        }
        precondition(isFirst, "the loop \(name) was run twice")
        thread.store(pthread_self(), ordering: .releasing)
        event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY)
        closeEverything()
    }

    /// Ends the loop after the work handed in so far; from any thread, more than once is harmless.
    ///
    /// Work handed in later may never run.
    package func stop() {
        inbox.withLock { $0.isStopping = true }
        wakeUp?.activate()
    }

    private func closeEverything() {
        for _ in 0..<Self.closingRounds where !(resources.isEmpty && putOff.isEmpty) {
            let ending = resources
            resources = [:]
            for resource in ending.values { resource.loopDidStop() }
            runPutOff()
        }
    }

    // MARK: Work

    /// Runs `work` on the loop, after all work handed in before; from any thread.
    ///
    /// The first piece wakes the loop, the pieces up to then ride along. Work handed in before the
    /// loop runs is done when it starts.
    package func execute(_ work: @escaping @Sendable () -> Void) {
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(work)
            defer { inbox.isWakeUpPending = true }
            return !inbox.isWakeUpPending
        }
        if mustWake { wakeUp?.activate() }
    }

    private func runHandedIn() {
        let (batch, isStopping) = inbox.withLock { inbox in
            defer {
                inbox.work = []
                inbox.isWakeUpPending = false
            }
            return (inbox.work, inbox.isStopping)
        }
        for work in batch { work() }
        if isStopping { event_base_loopbreak(base) }
    }

    /// Runs `body` when the callbacks of this turn have run; in the loop only.
    package func atEndOfTurn(_ body: @escaping () -> Void) {
        preconditionInLoop()
        if putOff.isEmpty { turnEnd?.activate() }
        putOff.append(body)
    }

    private func runPutOff() {
        let batch = putOff
        putOff = []
        for body in batch { body() }
    }

    // MARK: Belonging to the loop

    /// Whether the caller may touch what belongs to the loop.
    package var isInLoop: Bool { thread.load(ordering: .acquiring) == pthread_self() }

    package func preconditionInLoop() {
        precondition(isInLoop, "this belongs to the thread of the loop \(name); use execute()")
    }

    /// Keeps `resource` alive until `unregister(_:)`, or until the loop stops and ends it.
    package func register(_ resource: any LoopResource) {
        preconditionInLoop()
        resources[ObjectIdentifier(resource)] = resource
    }

    package func unregister(_ resource: any LoopResource) {
        preconditionInLoop()
        resources[ObjectIdentifier(resource)] = nil
    }

    // MARK: Timers and signals

    /// Calls `body` once, not before `after` has passed, unless the timer is dropped first.
    package func schedule(after: Duration, _ body: @escaping () -> Void) -> Timer {
        preconditionInLoop()
        return Timer(on: eventBase, every: after, repeats: false, body)
    }

    /// Calls `body` every `interval`, first after one of them, until the timer is dropped.
    package func schedule(every interval: Duration, _ body: @escaping () -> Void) -> Timer {
        preconditionInLoop()
        return Timer(on: eventBase, every: interval, repeats: true, body)
    }

    /// Calls `body` on the loop for each signal `number`, until the source is dropped.
    ///
    /// libevent delivers signals to one loop of a process only.
    package func onSignal(_ number: Int32, _ body: @escaping () -> Void) -> SignalSource {
        preconditionInLoop()
        return SignalSource(on: eventBase, number: number, body)
    }

    // MARK: Clocks

    /// The monotonic clock, shared by all loops of a host's process; from any thread.
    package static func now() -> Instant {
        Instant(nanoseconds: read(CLOCK_MONOTONIC))
    }

    /// The wall clock, for records and never for decisions; from any thread.
    package static func wallTime() -> WallTime {
        WallTime(microseconds: read(CLOCK_REALTIME) / 1000)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let code = clock_gettime(clock, &time)
        precondition(code == 0, "no clock \(clock): \(errnoText(errno))")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A value that only the loop's thread may touch: the door for state into `@Sendable` closures.
///
/// `@unchecked Sendable`: guarded by the precondition in ``value``. The value itself may be
/// released on any thread.
package struct LoopBound<Value>: @unchecked Sendable {
    private let guarded: Value
    private let loop: EventLoop

    package init(_ value: Value, loop: EventLoop) {
        guarded = value
        self.loop = loop
    }

    package var value: Value {
        loop.preconditionInLoop()
        return guarded
    }
}
