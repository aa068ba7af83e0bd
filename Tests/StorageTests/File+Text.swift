import Storage

extension File {
    func write(_ text: String, at offset: Int64 = 0) throws {
        try Array(text.utf8).withUnsafeBytes { try write($0, at: offset) }
    }

    func text(at offset: Int64 = 0, count: Int = 1 << 20) throws -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return String(decoding: bytes[..<got], as: UTF8.self)
    }
}
