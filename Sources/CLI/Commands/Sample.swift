extension Command {
    static let sample = Command(
        "sample",
        "write a made-up set of the seven IMDb files",
        details:
            "The same scale gives the same bytes. Scale 1 is about the size of the real files, "
            + "0.01 some 18 MB.",
        flags: [
            Flag("scale", "S", "size, where 1 is that of the real files"),
            Flag("out", "DIR", "the folder to write to, made where missing", kind: .folder),
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        guard let text = arguments.value("scale"), let scale = Double(text), scale.isFinite else {
            throw arguments.usage("--scale S is missing or no number, as 0.01")
        }
        guard let folder = arguments.value("out") else {
            throw arguments.usage("--out DIR is missing")
        }
        try invocation.programs.sample(scale, sampleSeed, Paths.absolute(folder))
        invocation.terminal.print("seven files at scale \(text) are in \(folder)\n")
        return ExitCode.done
    }

    /// Fixed, so that two people who say the same scale speak of the same files.
    private static let sampleSeed: UInt64 = 1
}
