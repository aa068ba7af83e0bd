import CEvent
import Transport

extension TLSContext {
    /// A bufferevent that speaks TLS; libevent sets its socket, and a client names the host it wants.
    func makeBufferevent(
        on base: OpaquePointer,
        host: String?,
        options: Int32
    ) -> OpaquePointer? {
        let channel = bufferevent_openssl_socket_new(
            base,
            -1,
            makeSession(host: host),
            host == nil ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
            options
        )
        // HTTP knows where a message ends; many programs just close.
        if let channel { bufferevent_openssl_set_allow_dirty_shutdown(channel, 1) }
        return channel
    }
}
