/// Bytes from the fuzzer, of which the first ones choose and the rest are the data.
package struct FuzzInput {
    /// What no choice has taken yet.
    package private(set) var rest: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The next byte; 0 at the end, so that every input means something.
    package mutating func byte() -> UInt8 {
        guard let first = rest.first else { return 0 }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        return first
    }

    /// The next byte as one of `count` choices.
    package mutating func choice(_ count: Int) -> Int { Int(byte()) % count }

    /// The rest as text, as the program reads files and arguments.
    package var text: String { String(decoding: rest, as: UTF8.self) }
}
