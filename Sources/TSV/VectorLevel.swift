import CShims

/// The instruction set of the scanner and the validator: chosen once, the best that the CPU has.
///
/// Each level gives the same results; only tests use another than `best`.
package struct VectorLevel: Sendable, Equatable, CustomStringConvertible {
    let code: Int32

    /// What every CPU of the architecture has (SSE2 on x86-64).
    package static let baseline = VectorLevel(code: Int32(SHIM_BASELINE))
    package static let avx2 = VectorLevel(code: Int32(SHIM_AVX2))
    package static let avx512 = VectorLevel(code: Int32(SHIM_AVX512))

    package static let best = VectorLevel(code: shim_vector_level())

    /// All levels that this CPU can run, the slowest first.
    package static let available = [baseline, avx2, avx512].filter { $0.code <= best.code }

    package var description: String {
        switch self {
        case .avx512: "AVX-512"
        case .avx2: "AVX2"
        default: "baseline"
        }
    }

    /// Entries behind the last position found that `scan` may overwrite, and bytes behind the end of
    /// the text that it may read.
    static let scanSlack = Int(SHIM_SCAN_SLACK)

    /// Writes the offset of each tab and newline plus `start`, and returns how many there are.
    func scan(
        _ bytes: UnsafePointer<UInt8>,
        _ count: Int,
        from start: UInt32,
        into positions: UnsafeMutablePointer<UInt32>
    ) -> (delimiters: Int, newlines: Int) {
        var newlines = 0
        let found = shim_scan_delimiters(code, bytes, count, start, positions, &newlines)
        return (found, newlines)
    }

    /// Whether all the bytes are well-formed UTF-8.
    package func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let first = base.assumingMemoryBound(to: UInt8.self)
        return shim_is_utf8(code, first, bytes.count) != 0
    }
}

/// Bytes before the first ill-formed UTF-8 sequence; all of them when there is none.
package func wellFormedPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    return shim_utf8_prefix(base.assumingMemoryBound(to: UInt8.self), bytes.count)
}

/// Where to cut whole lines off a text that ends with a newline: behind the last newline among the
/// first `target` bytes or, if there is none, behind the first of all.
func lineCut(_ bytes: UnsafePointer<UInt8>, _ count: Int, target: Int) -> Int {
    shim_line_cut(bytes, count, target)
}
