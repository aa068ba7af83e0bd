extension Command {
    static let sample = Command(
        "sample",
        "write a made-up set of the seven IMDb files",
        details:
            "The same scale and seed give the same bytes. Scale 1 is about the size of the real files, "
            + "0.01 some 30 MB.",
        flags: [
            Flag("scale", "S", "size, where 1 is that of the real files", required: true),
            Flag(
                "out",
                "DIR",
                "the folder to write to, made where missing",
                kind: .folder,
                required: true
            ),
            Flag("seed", "N", "another number makes other content; 1 where left out"),
        ]
    ) { invocation throws(CLIError) in
        let arguments = invocation.arguments
        let (text, folder) = (try arguments.required("scale"), try arguments.required("out"))
        guard let scale = Double(text), scale.isFinite else {
            throw arguments.usage("'\(text)' is no --scale: a number as 0.01 is expected")
        }
        let seedText = arguments.value("seed") ?? "1"
        guard let seed = UInt64(seedText) else {
            throw arguments.usage("'\(seedText)' is no --seed: a whole number is expected")
        }
        try invocation.programs.sample(scale, seed, Paths.absolute(folder))
        invocation.terminal.print("seven files at scale \(text) are in \(folder)\n")
        return ExitCode.done
    }
}
