/// Arithmetic with CRC-32 values, without the bytes they were taken of.
///
/// The CRC-32 of bytes is the remainder of a polynomial over GF(2), so a front's part in the CRC of
/// a whole is the front's remainder times x^(8n), where n bytes follow it. Coefficients stand in
/// reflected order, as the CRC has them: that of x^0 is the highest bit.
private enum Remainder {
    /// The polynomial of RFC 1952 section 8, without x^32.
    static let polynomial: UInt32 = 0xEDB8_8320
    static let one: UInt32 = 1 << 31

    static func timesX(_ value: UInt32) -> UInt32 {
        value & 1 == 0 ? value >> 1 : value >> 1 ^ polynomial
    }

    static func product(_ left: UInt32, _ right: UInt32) -> UInt32 {
        var sum: UInt32 = 0
        var shifted = right
        for bit in stride(from: UInt32(31), through: 0, by: -1) {
            if left >> bit & 1 == 1 { sum ^= shifted }
            shifted = timesX(shifted)
        }
        return sum
    }

    /// x^exponent, by squaring.
    static func powerOfX(_ exponent: Int64) -> UInt32 {
        var (power, square, rest) = (one, timesX(one), exponent)
        while rest > 0 {
            if rest & 1 == 1 { power = product(power, square) }
            square = product(square, square)
            rest >>= 1
        }
        return power
    }
}

/// The CRC-32 of a front and a rest together, from those of both and the size of the rest.
package func crc32(joining front: UInt32, _ rest: UInt32, restSizeBytes: Int64) -> UInt32 {
    precondition(restSizeBytes >= 0, "a rest has no negative size")
    return Remainder.product(front, Remainder.powerOfX(8 * restSizeBytes)) ^ rest
}

/// The CRC-32 of the last `restSizeBytes` bytes of a whole, from that of the whole and of its front.
package func crc32(ofRestOf whole: UInt32, behind front: UInt32, restSizeBytes: Int64) -> UInt32 {
    // Addition in GF(2) is its own inverse: the front's part is taken off as it was put on.
    crc32(joining: front, whole, restSizeBytes: restSizeBytes)
}
