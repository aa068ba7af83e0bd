package import Base
import Wire

/// What a step's spool file begins with: whose results it holds, and of which input.
package struct SpoolHeader: Equatable, Sendable {
    package var step: StepID
    /// Size that the input is cut by; the same cuts are found only with the same size.
    package var chunkSizeBytes: Int
    /// SHA-256 of everything that decides what a task's result is.
    package var declarationHash: [UInt8]
    /// The files of the input, in order; none for tasks without data.
    package var files: [InputFile]

    package init(
        step: StepID,
        chunkSizeBytes: Int,
        declarationHash: [UInt8],
        files: [InputFile]
    ) {
        self.step = step
        self.chunkSizeBytes = chunkSizeBytes
        self.declarationHash = declarationHash
        self.files = files
    }

    /// A file of the input as it was when the step began to read it.
    package struct InputFile: Equatable, Sendable {
        package var path: String
        package var sizeBytes: Int64
        /// Time of the last change of its content, in nanoseconds since 1970.
        package var modifiedNanoseconds: Int64
        package var inode: UInt64
        package var device: UInt64

        package init(
            path: String,
            sizeBytes: Int64,
            modifiedNanoseconds: Int64,
            inode: UInt64,
            device: UInt64
        ) {
            self.path = path
            self.sizeBytes = sizeBytes
            self.modifiedNanoseconds = modifiedNanoseconds
            self.inode = inode
            self.device = device
        }
    }

    /// The bytes in front of all records.
    package var encoded: [UInt8] {
        SpoolBlock.encode(.header) { fields in
            fields.integer(Self.version)
            fields.integer(step.job.rawValue)
            fields.integer(UInt32(step.index))
            fields.integer(Int64(chunkSizeBytes))
            fields.bytes(declarationHash)
            fields.list(files) { fields, file in
                fields.text(file.path)
                fields.integer(file.sizeBytes)
                fields.integer(file.modifiedNanoseconds)
                fields.integer(file.inode)
                fields.integer(file.device)
            }
        }
    }

    /// Another number is another layout, which this release does not go on with.
    private static let version: UInt16 = 2

    init(_ fields: inout FieldReader) throws(WireError) {
        guard try fields.integer(UInt16.self) == Self.version else {
            throw .malformed(message: "spool header")
        }
        step = StepID(job: JobID(try fields.integer()), index: Int(try fields.integer(UInt32.self)))
        chunkSizeBytes = Int(try fields.integer(Int64.self))
        declarationHash = try fields.bytes()
        files = try fields.list(minimumSizeBytes: 36) { fields throws(WireError) in
            InputFile(
                path: try Self.path(&fields),
                sizeBytes: try fields.integer(),
                modifiedNanoseconds: try fields.integer(),
                inode: try fields.integer(),
                device: try fields.integer()
            )
        }
        try fields.end()
    }

    /// A path as it was written; with bytes replaced it would name another file.
    private static func path(_ fields: inout FieldReader) throws(WireError) -> String {
        guard let path = String(validating: try fields.bytes(), as: UTF8.self) else {
            throw .malformed(message: "spool header")
        }
        return path
    }
}
