/// Why a sample could not be written.
package enum SampleError: Error, Equatable, CustomStringConvertible {
    case scaleOutOfRange(Double)
    /// A system call failed; `code` is its errno.
    case fileOperation(name: String, path: String, code: Int32, reason: String)
    /// The zlib function `name` returned `code`, as listed in zlib.h.
    case compression(name: String, code: Int32)

    package var description: String {
        switch self {
        case .scaleOutOfRange(let scale):
            let range = sampleScales
            return "scale \(scale) is not within \(range.lowerBound) and \(range.upperBound); "
                + "1 is about as large as the real data, 0.01 a good start"
        case .fileOperation(let name, let path, let code, let reason):
            return "\(name) \(path): \(reason) (errno \(code)); "
                + "choose a folder that can be written and has room"
        case .compression(let name, let code):
            return "zlib's \(name) returned \(code); most likely memory ran out"
        }
    }
}
