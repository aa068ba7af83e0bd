import Base

/// What a frame carries.
///
/// Numbers are part of the protocol: never change or reuse one.
package enum FrameKind: UInt8, Sendable, CaseIterable {
    // Worker to coordinator
    case hello = 1
    case heartbeat = 2
    case result = 3
    case failed = 4
    case finished = 5
    case renew = 6
    // Coordinator to worker
    case welcome = 32
    case refuse = 33
    case declare = 34
    case forget = 35
    case lease = 36
    case leaseSynthetic = 37
    case revoke = 38
    case credit = 39
    case stop = 40
    case leaseSlice = 41
    case certificate = 42
    case leaseShared = 43
    case leaseSharedSlice = 44
    // Both ways
    case data = 64
    case runEnd = 65

    /// Whether the message must not overtake the heads of runs that were queued before it.
    ///
    /// A lease is read with its step's declaration: a `forget` that came first would make the lease
    /// of a cancelled job an error, and cost the connection.
    var keepsOrder: Bool {
        switch self {
        case .declare, .forget, .leaseShared, .leaseSharedSlice: true
        default: false
        }
    }
}

/// The fixed part in front of every frame's payload.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | payload size in bytes, little-endian, at most `Limits.framePayloadBytes` |
/// | 4 | 1 | kind |
/// | 5 | 3 | zero |
package struct FrameHeader: Equatable, Sendable {
    package static let sizeBytes = 8
    static let kindOffset = 4

    package let kind: FrameKind
    package let payloadSizeBytes: Int

    package init(kind: FrameKind, payloadSizeBytes: Int) {
        precondition(payloadSizeBytes <= Limits.framePayloadBytes, "\(kind) is over a frame's size")
        self.kind = kind
        self.payloadSizeBytes = payloadSizeBytes
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        let size = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard let kind = FrameKind(rawValue: bytes[Self.kindOffset]) else {
            throw .unknownKind(bytes[Self.kindOffset])
        }
        guard size <= Limits.framePayloadBytes else {
            throw .frameTooLarge(sizeBytes: size, limit: Limits.framePayloadBytes)
        }
        self.kind = kind
        payloadSizeBytes = size
    }

    package var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.integer(UInt32(payloadSizeBytes))
        fields.integer(UInt32(kind.rawValue))
        return fields.bytes
    }
}

/// A whole frame of a small message.
func frame(_ kind: FrameKind, _ write: (inout FieldWriter) -> Void) -> [UInt8] {
    var fields = FieldWriter()
    write(&fields)
    let header = FrameHeader(kind: kind, payloadSizeBytes: fields.bytes.count)
    return header.encoded + fields.bytes
}
