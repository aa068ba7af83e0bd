import CEvent

/// A call for each signal of one number, on the loop; dropping the source restores the default.
///
/// THREADING: belongs to the loop's thread, its release included.
package final class SignalSource {
    private var body: (() -> Void)?
    private var event: LoopEvent?

    init(on base: EventBase, number: Int32, _ body: @escaping () -> Void) {
        self.body = body
        let event = LoopEvent(
            on: base,
            descriptor: number,
            kinds: EV_SIGNAL | EV_PERSIST,
            context: self
        ) { _, _, context in
            callbackOwner(context, as: SignalSource.self).body?()
        }
        event.add()
        self.event = event
    }

    package func cancel() {
        event = nil
        body = nil
    }
}
