import CISAL

/// The CRC-32 of RFC 1952 section 8, also used by zlib and PNG, with ISA-L's vector code.
///
/// `continuing` is the CRC of the bytes before `bytes`; 0 is that of none.
package func crc32(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
    guard let start = bytes.baseAddress else { return continuing }
    return crc32_gzip_refl(
        continuing,
        start.assumingMemoryBound(to: UInt8.self),
        UInt64(bytes.count)
    )
}
