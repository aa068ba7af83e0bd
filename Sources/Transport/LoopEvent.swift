import Base
import CEvent
import Glibc

/// Owns libevent's `event_base`; freed when the loop and the last event on it are gone.
final class EventBase {
    let pointer: OpaquePointer

    init(takingOver pointer: OpaquePointer) { self.pointer = pointer }
    deinit { event_base_free(pointer) }
}

/// Owns one libevent `event`, and takes it off its loop when released.
///
/// libevent keeps `context` as a bare pointer. The owner of the event is that context, so it lives at
/// least as long as the event; the callback retains it for the length of the call.
final class LoopEvent {
    typealias Callback = @convention(c) (Int32, Int16, UnsafeMutableRawPointer?) -> Void

    private let base: EventBase
    private let event: OpaquePointer

    /// An event that is not waited for before ``add(after:)``.
    ///
    /// Kinds are libevent's `EV_*` bits. Without a descriptor it serves as a timer or for
    /// ``activate()``. Stops the process when memory is exhausted.
    init(
        on base: EventBase,
        descriptor: Int32 = -1,
        kinds: Int32 = 0,
        context: AnyObject,
        callback: @escaping Callback
    ) {
        let pointer = Unmanaged.passUnretained(context).toOpaque()
        guard let event = event_new(base.pointer, descriptor, Int16(kinds), callback, pointer)
        else { preconditionFailure("libevent refused an event: bad base or no memory") }
        self.base = base
        self.event = event
    }

    /// Waits for the event, at most for `limit` when one is given.
    func add(after limit: Duration? = nil) {
        guard let limit else {
            event_add(event, nil)
            return
        }
        // Rounded up, so that it is never early.
        let microseconds = max(0, (limit.nanoseconds + 999) / 1000)
        var time = timeval(
            tv_sec: Int(microseconds / 1_000_000),
            tv_usec: Int(microseconds % 1_000_000)
        )
        event_add(event, &time)
    }

    func remove() { event_del(event) }

    /// Makes the callback run in this turn of the loop or the next; from any thread.
    func activate() { event_active(event, 0, 1) }

    deinit { event_free(event) }
}

/// The object that a libevent callback was registered with.
package func callbackOwner<Owner: AnyObject>(
    _ context: UnsafeMutableRawPointer?,
    as type: Owner.Type
) -> Owner {
    guard let context else { preconditionFailure("a libevent callback without its context") }
    return Unmanaged<Owner>.fromOpaque(context).takeUnretainedValue()
}
