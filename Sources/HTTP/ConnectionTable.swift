import Base
import CEvent
import Glibc
import Transport

/// Keeps the limits on clients that libevent 2.1 does not know: how many, and how slow.
///
/// libevent restarts its time-outs with every byte and has no cap on connections. So the table
/// makes the connections' bufferevents, looks at them once a second and shuts the sockets of those
/// that break a limit; libevent then finds them closed. It holds a reference of its own on each
/// bufferevent: one that libevent has let go of is known by its missing callbacks.
///
/// THREADING: belongs to the loop's thread.
final class ConnectionTable {
    /// Limits of failure-model.md section 4.
    private enum Cap {
        static let connections = 1024
        static let perAddress = 64
        /// For the whole first request; later ones share the idle time.
        static let firstRequest = Duration.seconds(10)
        static let idle = Duration.seconds(60)
    }

    /// Most bytes a bufferevent reads ahead: a whole body, and some more.
    ///
    /// libevent collects a body there before it takes it. Without a cap a client could go on
    /// sending while it is being answered, and fill the memory.
    private static let readAheadBytes = Limits.httpBodyBytes + Limits.httpHeaderBytes + (64 << 10)

    private struct Entry {
        let channel: OpaquePointer
        /// When the connection is too slow; nil while it is being answered.
        var deadline: Instant?
    }

    /// In the order of arrival.
    private var entries: [Entry] = []

    deinit { for entry in entries { bufferevent_decref(entry.channel) } }

    /// A bufferevent for the next connection; libevent sets its socket.
    func makeChannel(on base: OpaquePointer?) -> OpaquePointer? {
        // The socket is closed with its bufferevent, not by evhttp before: events of a closed socket
        // that still stand in the loop would swallow those of the next one with its number.
        let options = Int32(bitPattern: BEV_OPT_CLOSE_ON_FREE.rawValue)
        guard let channel = bufferevent_socket_new(base, -1, options) else { return nil }
        bufferevent_setwatermark(channel, Int16(EV_READ), 0, Self.readAheadBytes)
        bufferevent_incref(channel)
        entries.append(Entry(channel: channel, deadline: EventLoop.now() + Cap.firstRequest))
        return channel
    }

    func requestBegan(on channel: OpaquePointer?) { setDeadline(nil, of: channel) }

    func requestEnded(on channel: OpaquePointer?) {
        setDeadline(EventLoop.now() + Cap.idle, of: channel)
    }

    private func setDeadline(_ deadline: Instant?, of channel: OpaquePointer?) {
        guard let index = entries.lastIndex(where: { $0.channel == channel }) else { return }
        entries[index].deadline = deadline
    }

    /// Forgets closed connections and shuts those that break a limit; the newest go first.
    func sweep(at now: Instant) {
        for entry in entries where isClosed(entry) { bufferevent_decref(entry.channel) }
        entries.removeAll(where: isClosed)
        var perAddress: [[UInt8]: Int] = [:]
        for (index, entry) in entries.enumerated() {
            let descriptor = bufferevent_getfd(entry.channel)
            let count = perAddress[Self.peer(of: descriptor), default: 0] + 1
            perAddress[Self.peer(of: descriptor)] = count
            let isLate = entry.deadline.map { $0 < now } ?? false
            if isLate || index >= Cap.connections || count > Cap.perAddress {
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }

    private func isClosed(_ entry: Entry) -> Bool {
        var onEvent: bufferevent_event_cb?
        bufferevent_getcb(entry.channel, nil, nil, &onEvent, nil)
        return onEvent == nil
    }

    /// The bytes of the other side's address, without its port.
    private static func peer(of descriptor: Int32) -> [UInt8] {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getpeername(descriptor, $0, &size)
            }
            let family = Int32(storage.pointee.ss_family)
            let address = UnsafeRawPointer(storage)
            if family == AF_INET6 {
                return Array(bytes(of: address.load(as: sockaddr_in6.self).sin6_addr))
            }
            return Array(bytes(of: address.load(as: sockaddr_in.self).sin_addr))
        }
    }

    private static func bytes<Value>(of value: Value) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }
}
