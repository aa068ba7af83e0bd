import COpenSSL
import Glibc
import Identity
import Wire

/// A worker that takes any coordinator, shows what it has, and says what it likes; it blocks.
final class CarelessWorker {
    private let descriptor: Int32
    private var session: OpaquePointer?
    private var received: [UInt8] = []

    /// Connects to 127.0.0.1, with TLS unless `isPlain`; a handshake that fails shows in ``receive()``.
    init(port: UInt16, _ credentials: Credentials?, isPlain: Bool = false) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // No answer within a minute ends a read, so that no test hangs.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &limit,
            socklen_t(MemoryLayout<timeval>.size)
        )
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(code == 0, "no connection for a test: errno \(errno)")
        if !isPlain { settle(credentials) }
    }

    deinit {
        SSL_free(session)
        Glibc.close(descriptor)
    }

    private func settle(_ credentials: Credentials?) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return }
        defer { SSL_CTX_free(context) }
        if let credentials {
            SSL_CTX_use_certificate(context, credentials.certificate.pointer)
            SSL_CTX_use_PrivateKey(context, credentials.key.pointer)
        }
        session = SSL_new(context)
        SSL_set_fd(session, descriptor)
        SSL_connect(session)
    }

    /// Sends bytes; whether they arrive shows in ``receive()``.
    func send(_ bytes: [UInt8]) {
        if let session {
            var count = 0
            SSL_write_ex(session, bytes, bytes.count, &count)
        } else {
            Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// The next message; nil when the coordinator has ended the connection.
    func receive() -> CoordinatorMessage? {
        guard fill(to: FrameHeader.sizeBytes) else { return nil }
        do {
            let header = try received.withUnsafeBytes { try FrameHeader(decoding: $0) }
            let end = FrameHeader.sizeBytes + header.payloadSizeBytes
            guard fill(to: end) else { return nil }
            let payload = Array(received[FrameHeader.sizeBytes..<end])
            received.removeFirst(end)
            return try payload.withUnsafeBytes {
                try CoordinatorMessage(kind: header.kind, payload: $0)
            }
        } catch {
            // An alert of TLS, to whom does not speak it.
            return nil
        }
    }

    private func fill(to size: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while received.count < size {
            var count = 0
            if let session {
                guard SSL_read_ex(session, &buffer, buffer.count, &count) == 1 else { return false }
            } else {
                count = recv(descriptor, &buffer, buffer.count, 0)
            }
            guard count > 0 else { return false }
            received += buffer[..<count]
        }
        return true
    }
}
