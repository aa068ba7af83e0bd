import Base
import CEvent

/// A call that is due later, on the loop; dropping the timer cancels it.
///
/// THREADING: belongs to the loop's thread, its release included.
package final class Timer {
    private let interval: Duration
    private let repeats: Bool
    private var due: Instant
    private var body: (() -> Void)?
    private var event: LoopEvent?

    init(on base: EventBase, every interval: Duration, repeats: Bool, _ body: @escaping () -> Void)
    {
        self.interval = interval
        self.repeats = repeats
        self.body = body
        due = EventLoop.now() + interval
        let event = LoopEvent(on: base, kinds: repeats ? EV_PERSIST : 0, context: self) {
            _,
            _,
            context in
            callbackOwner(context, as: Timer.self).fire()
        }
        event.add(after: interval)
        self.event = event
    }

    /// Prevents all further calls, also from within one.
    package func cancel() {
        event = nil
        body = nil
    }

    private func fire() {
        // libevent reckons with a coarse clock, read at the start of the turn, and so may be some
        // milliseconds early. A deadline that is checked once must not be.
        let now = EventLoop.now()
        if !repeats, now < due {
            event?.add(after: due - now)
            return
        }
        let body = body
        if !repeats { cancel() }
        body?()
    }
}
