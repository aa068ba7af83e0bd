import CLinux
import Glibc

/// What tells whether a file is still the one that was looked at before.
///
/// Two equal identities mean the same content, as far as modification times can tell: a program
/// that writes in place and sets the time back goes unnoticed. Its JSON is part of what the raw store
/// keeps.
package struct FileIdentity: Hashable, Codable, Sendable {
    package let sizeBytes: Int64
    /// Time of the last change of the content, in nanoseconds since 1970.
    package let modifiedNanoseconds: Int64
    package let inode: UInt64
    package let device: UInt64

    package init(sizeBytes: Int64, modifiedNanoseconds: Int64, inode: UInt64, device: UInt64) {
        self.sizeBytes = sizeBytes
        self.modifiedNanoseconds = modifiedNanoseconds
        self.inode = inode
        self.device = device
    }

    init(_ status: stat) {
        self.init(
            sizeBytes: Int64(status.st_size),
            modifiedNanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000
                + Int64(status.st_mtim.tv_nsec),
            inode: UInt64(status.st_ino),
            device: UInt64(status.st_dev)
        )
    }
}
