import Base
import Glibc

/// A block of seeded bytes in memory of its own, to be sent by reference.
final class Block {
    let memory: UnsafeMutableRawBufferPointer

    init(bytes: Int, seed: UInt64) {
        memory = .allocate(byteCount: bytes, alignment: 8)
        var generator = SeededGenerator(seed: seed)
        for offset in stride(from: 0, to: bytes, by: 8) {
            memory.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
        }
    }

    deinit { memory.deallocate() }

    /// Keeps the block alive in the closure that calls it.
    func use() {}

    /// The first position at which `bytes` differ from the block repeated for ever.
    func firstMismatch(_ bytes: ArraySlice<UInt8>, at position: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let start = (position + done) % memory.count
                let count = min(bytes.count - done, memory.count - start)
                guard let left = bytes.baseAddress, let right = memory.baseAddress,
                    memcmp(left + done, right + start, count) == 0
                else { return position + done }
                done += count
            }
            return nil
        }
    }
}

/// A blocking client that does to its socket what a Connection would not.
final class RawClient {
    private let descriptor: Int32

    /// Connects to 127.0.0.1, from there or from another address of the network 127.
    init(port: UInt16, from host: UInt8 = 1) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if host != 1 {
            let code = withLoopback(0, host: host) { bind(descriptor, $0, $1) }
            precondition(code == 0, "no address 127.0.0.\(host) for a test: errno \(errno)")
        }
        // No answer within a minute ends a read, so that no test hangs.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        let code = withLoopback(port) { connect(descriptor, $0, $1) }
        precondition(code == 0, "no connection for a test: errno \(errno)")
    }

    deinit { Glibc.close(descriptor) }

    func write(_ bytes: [UInt8]) {
        let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        precondition(count == bytes.count, "short write in a test")
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func keepOpen() {}

    /// Lends the socket to another library.
    func lend(_ body: (Int32) -> Void) { body(descriptor) }

    func readToEnd() -> [UInt8]? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { return nil }
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }
}

/// A listening socket that accepts nothing and whose backlog is full.
final class SilentListener {
    let port: UInt16
    private var descriptors: [Int32] = []

    init() {
        let kind = Int32(SOCK_STREAM.rawValue)
        let listener = socket(AF_INET, kind, 0)
        let code = withLoopback(0) { bind(listener, $0, $1) }
        precondition(code == 0 && listen(listener, 0) == 0, "no listener for a test")
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener, $0, &size)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        self.port = port
        descriptors = [listener]
        for _ in 0..<4 {
            let client = socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = withLoopback(port) { connect(client, $0, $1) }
            descriptors.append(client)
        }
    }

    func close() {
        for descriptor in descriptors { Glibc.close(descriptor) }
        descriptors = []
    }
}

/// Lends an address of this machine alone, by default 127.0.0.1, and a port to a system call.
private func withLoopback(
    _ port: UInt16,
    host: UInt8 = 1,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = (UInt32(0x7F00_0000) | UInt32(host)).bigEndian
    return withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

/// A thread that certainly is not the one of the test.
enum RawThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func run(_ body: @escaping @Sendable () -> Void) {
        var identifier = pthread_t()
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let code = pthread_create(
            &identifier,
            nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            context
        )
        precondition(code == 0, "no thread for a test")
        pthread_detach(identifier)
    }
}
