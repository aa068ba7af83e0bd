import Glibc

/// A file operation that failed, and what to do about it.
package enum StorageError: Error, Hashable, Sendable {
    /// The kernel refused `operation` on `path`.
    case system(operation: String, path: String, errno: Int32)
    /// The file ended at byte `offset`, where more was expected.
    case unexpectedEnd(path: String, offset: Int64)
    /// A file was read back, and is not what was written to it.
    case damaged(path: String, offsets: Range<Int64>)

    /// Whether space on the disk, or in the user's quota, has run out.
    package var isDiskFull: Bool {
        switch self {
        case .system(_, _, let number): number == ENOSPC || number == EDQUOT
        case .unexpectedEnd, .damaged: false
        }
    }

    /// Whether the file or a folder of its path does not exist.
    package var isMissing: Bool {
        switch self {
        case .system(_, _, let number): number == ENOENT
        case .unexpectedEnd, .damaged: false
        }
    }

    /// Whether the file is there already.
    package var alreadyExists: Bool {
        switch self {
        case .system(_, _, let number): number == EEXIST
        case .unexpectedEnd, .damaged: false
        }
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let operation, let path, let number):
            "cannot \(operation) \(path): \(Self.text(of: number))\(Self.advice(on: number))"
        case .unexpectedEnd(let path, let offset):
            "\(path) ends at byte \(offset), where more was expected;"
                + " check whether something else changed or truncated it"
        case .damaged(let path, let offsets):
            "\(path) is not what was written to it, between bytes \(offsets.lowerBound) and"
                + " \(offsets.upperBound); check the disk (dmesg) and the memory of the machine"
        }
    }

    /// What strerror(3) says; the buffer is ours, because its own is shared by all threads.
    private static func text(of number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, strerror_r(number, start, buffer.count) == 0
            else { return "error \(number)" }
            return String(cString: start)
        }
    }

    private static func advice(on number: Int32) -> String {
        switch number {
        case ENOSPC, EDQUOT: "; free space there, or point the store at another disk"
        case EACCES, EPERM: "; check the owner and mode of the file and of its folders"
        case ENOENT: "; check the path, and whether the file was moved or deleted"
        case EROFS: "; mount the file system writable, or point the store at another one"
        case EMFILE, ENFILE: "; raise the limit of open files (ulimit -n)"
        case EIO: "; the disk reports a fault: check it (dmesg) before going on"
        default: ""
        }
    }
}
