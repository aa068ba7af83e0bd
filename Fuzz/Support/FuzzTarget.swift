import Glibc

/// One decoder under libFuzzer: the program that a folder of `Fuzz` becomes.
///
/// libFuzzer brings the program's `main` and calls `LLVMFuzzerInitialize`, which each target defines
/// by ``begin()``. `PROGRAM seeds FOLDER` writes the inputs to begin with; any other arguments are
/// libFuzzer's.
package protocol FuzzTarget {
    /// Valid inputs of each kind, so that the search does not begin with nothing.
    static var seeds: [[UInt8]] { get }

    /// Reads one input; fails by trapping, as a decoder that meets an impossible state does.
    static func read(_ bytes: UnsafeRawBufferPointer)
}

extension FuzzTarget {
    /// Makes this the target of the inputs to come, or writes its seeds and ends the program.
    package static func begin() -> CInt {
        let arguments = CommandLine.arguments
        if arguments.count == 3, arguments[1] == "seeds" {
            writeSeeds(to: arguments[2])
            exit(0)
        }
        current = self
        return 0
    }

    private static func writeSeeds(to folder: String) {
        for (index, seed) in seeds.enumerated() {
            let path = "\(folder)/seed\(index)"
            guard let stream = fopen(path, "w") else { preconditionFailure("cannot write \(path)") }
            let written = fwrite(seed, 1, seed.count, stream)
            precondition(fclose(stream) == 0 && written == seed.count, "cannot write \(path)")
        }
    }
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
package func readOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    current?.read(UnsafeRawBufferPointer(start: data, count: size))
    return 0
}

/// What reads the inputs: a C function carries nothing with it.
///
/// `nonisolated(unsafe)`: set once, before libFuzzer calls on the only thread there is.
nonisolated(unsafe) private var current: (any FuzzTarget.Type)?
