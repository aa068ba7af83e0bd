import CEvent
import Glibc
import Transport

/// One client's connection in libevent's hands, with a count of what passes on it.
///
/// It holds a reference of its own on the bufferevent: one that libevent has let go of is known by
/// its missing callbacks. THREADING: belongs to the loop's thread, its release included.
final class ServedConnection {
    let number: Int
    let channel: OpaquePointer
    private(set) var traffic = ConnectionLedger.Traffic()
    /// Whether what is written comes from a handler; what it cannot read libevent answers by itself.
    var isAnswering = false
    private unowned let table: ConnectionTable
    private var watchedInput: OpaquePointer?
    private var watchedOutput: OpaquePointer?

    init(_ channel: OpaquePointer, number: Int, table: ConnectionTable) {
        self.channel = channel
        self.number = number
        self.table = table
        bufferevent_incref(channel)
        let context = Unmanaged.passUnretained(self).toOpaque()
        watchedInput = evbuffer_add_cb(
            input,
            { _, change, context in
                guard let change = change?.pointee else { return }
                callbackOwner(context, as: ServedConnection.self).read(change.n_added)
            },
            context
        )
        watchedOutput = evbuffer_add_cb(
            output,
            { _, change, context in
                guard let change = change?.pointee else { return }
                let connection = callbackOwner(context, as: ServedConnection.self)
                connection.wrote(added: change.n_added, taken: change.n_deleted)
            },
            context
        )
    }

    deinit {
        if let watchedInput { evbuffer_remove_cb_entry(input, watchedInput) }
        if let watchedOutput { evbuffer_remove_cb_entry(output, watchedOutput) }
        bufferevent_decref(channel)
    }

    private var input: OpaquePointer { bufferevent_get_input(channel) }
    private var output: OpaquePointer { bufferevent_get_output(channel) }

    /// Bytes that came without those that libevent has not looked at.
    var understoodBytes: Int64 { traffic.received - Int64(evbuffer_get_length(input)) }

    /// The other side; nil when it is gone already.
    var peer: PeerAddress? { PeerAddress(of: bufferevent_getfd(channel)) }

    /// Whether libevent has let go of it.
    var isClosed: Bool {
        var onEvent: bufferevent_event_cb?
        bufferevent_getcb(channel, nil, nil, &onEvent, nil)
        return onEvent == nil
    }

    /// Ends the connection without a farewell; libevent finds it closed.
    func cutOff() {
        let descriptor = bufferevent_getfd(channel)
        // What the kernel still holds for a client that does not read is thrown away with it.
        var atOnce = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &atOnce,
            socklen_t(MemoryLayout<linger>.size)
        )
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    // Both are called within libevent's buffer functions, which must not be entered again.

    private func read(_ count: Int) {
        traffic.received += Int64(count)
        table.grew(by: count)
    }

    private func wrote(added: Int, taken: Int) {
        traffic.queued += Int64(added - taken)
        traffic.sent += Int64(taken)
        table.queueChanged(by: added - taken)
        if traffic.queued == 0 { table.drained(self) }
        guard added > 0 else { return }
        table.grew(by: added)
        if !isAnswering { table.libeventAnswers(self) }
    }

    /// To be called when libevent answers by itself, at the end of that turn.
    func replaceErrorPage() {
        // What is put in its place is ours.
        isAnswering = true
        isAnswering = ErrorPage.replace(in: output)
    }
}
