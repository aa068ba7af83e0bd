package import Base
import CLinux
import Glibc

/// One end of a way on which a process lets another one read blocks of its memory.
///
/// A pair of local sockets, of which a child inherits one. Each message is a number, and with it the
/// descriptor of a block (unix(7), `SCM_RIGHTS`). Nothing waits: what was sent
/// can be received at once. Lives on one thread.
package final class MemoryHandover {
    /// What a child has its end as: behind the three that every process has.
    package static let childDescriptor: Int32 = 3

    private let socket: Int32

    private init(takingOver socket: Int32) { self.socket = socket }

    deinit { close(socket) }

    /// Makes both ends: ours, and the descriptor for a child, to be closed when it has it.
    package static func pair() throws(StorageError) -> (ours: MemoryHandover, childs: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        _ = try systemCall("make a pair of", "sockets") { socketpair(AF_UNIX, kind, 0, &ends) }
        return (MemoryHandover(takingOver: ends[0]), ends[1])
    }

    /// Takes over the end that this process was started with; nil where the descriptor is anything else.
    package convenience init?(inherited descriptor: Int32) {
        var (family, kind): (Int32, Int32) = (0, 0)
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0,
            getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0,
            family == AF_UNIX, kind == Int32(SOCK_SEQPACKET.rawValue)
        else { return nil }
        self.init(takingOver: descriptor)
    }

    /// Lets the other side read `block`; false where that cannot be, or not now.
    ///
    /// The block counts as read from then on, until `endReading` is called on it.
    package func send(_ number: Int64, _ block: MemoryBlock) -> Bool {
        guard let descriptor = block.descriptor else { return false }
        block.beginReading()
        if otcluster_send_descriptor(socket, number, descriptor) >= 0 { return true }
        block.endReading()
        return false
    }

    /// Sends a number alone; false where the other side cannot be reached.
    @discardableResult
    package func send(_ number: Int64) -> Bool {
        otcluster_send_descriptor(socket, number, -1) >= 0
    }

    /// The first `sizeBytes` of the block that was sent as `number`; nil where none was.
    ///
    /// What was sent before it is dropped: nobody asked for it in its turn.
    package func receive(_ number: Int64, sizeBytes: Int) -> MemoryBlock? {
        while let (found, descriptor) = receive() {
            if found == number, descriptor >= 0 {
                let shared = SharedDescriptor(takingOver: descriptor)
                return SharedMemory.block(sharedAs: shared, sizeBytes: sizeBytes)
            }
            if descriptor >= 0 { close(descriptor) }
        }
        return nil
    }

    /// The last number that was sent alone; nil where nothing came.
    package func receiveNumber() -> Int64? {
        var last: Int64?
        while let (number, descriptor) = receive() {
            if descriptor >= 0 { close(descriptor) } else { last = number }
        }
        return last
    }

    private func receive() -> (number: Int64, descriptor: Int32)? {
        var (number, descriptor): (Int64, Int32) = (0, -1)
        let count = otcluster_receive_descriptor(socket, &number, &descriptor)
        // No sender of ours has another size; at the end and where nothing waits there is none.
        guard count == MemoryLayout<Int64>.size else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        return (number, descriptor)
    }
}
