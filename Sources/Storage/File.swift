import CLinux
import Glibc

/// One open file; the descriptor is closed when the last reference goes.
///
/// Reads and writes name their offset, there is no shared position: any thread may call, at the
/// same time as others. All calls block, so keep them off the cooperative pool.
package final class File: Sendable {
    package let path: String
    private let descriptor: Int32

    /// Bytes moved at a time where the kernel cannot copy by itself: a guess that fits the L2 cache.
    private static let copyBufferSizeBytes = 256 << 10

    /// Other file systems, special files, old kernels: copy_file_range(2), "ERRORS".
    private static let copyUnsupported = [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP]

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Creates a file for writing and reading.
    ///
    /// An existing file is an error when `exclusive`, and emptied otherwise. The new name is durable
    /// only after `Directory.synchronize` of its folder. Nobody but its owner may read a private one.
    package static func create(
        path: String,
        exclusive: Bool = true,
        isPrivate: Bool = false
    ) throws(StorageError) -> File {
        let mode = O_RDWR | O_CREAT | O_CLOEXEC | (exclusive ? O_EXCL : O_TRUNC)
        let descriptor = try systemCall("create", path, changing: .create) {
            Glibc.open(path, mode, isPrivate ? 0o600 : 0o644)
        }
        return File(descriptor: descriptor, path: path)
    }

    /// Opens a file for writing and reading, with what it holds; a missing one is created.
    package static func open(extending path: String) throws(StorageError) -> File {
        let mode = O_RDWR | O_CREAT | O_CLOEXEC
        let descriptor = try systemCall("open", path, changing: .create) {
            Glibc.open(path, mode, 0o644)
        }
        return File(descriptor: descriptor, path: path)
    }

    /// Opens an existing file for reading only.
    package static func open(readingFrom path: String) throws(StorageError) -> File {
        let descriptor = try systemCall("open", path) { Glibc.open(path, O_RDONLY | O_CLOEXEC) }
        return File(descriptor: descriptor, path: path)
    }

    /// Writes all of `bytes` at `offset`; the file grows as needed.
    package func write(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int64
    ) throws(StorageError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = try systemCall("write", path, changing: .write) {
                pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + written)
            }
            try damageIfAsked(.write, offset + Int64(written), count)
            written += count
        }
    }

    /// Writes all of `bytes` at `offset`; for a few of them.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(StorageError) {
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in try write(bytes, at: offset) }
        }
        try outcome.get()
    }

    /// The bytes from `offset` on, at most `count`: fewer only at the file's end.
    package func read(_ count: Int, at offset: Int64) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let outcome = bytes.withUnsafeMutableBytes { bytes in
            Result { () throws(StorageError) in try read(into: bytes, at: offset) }
        }
        return Array(bytes.prefix(try outcome.get()))
    }

    /// Fills `buffer` from `offset` on, and returns the bytes read: fewer only at the file's end.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(StorageError) -> Int {
        var total = 0
        while total < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[total...])
            let count = try systemCall("read", path) {
                pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + total)
            }
            if count == 0 { break }
            total += count
        }
        return total
    }

    /// Copies `count` bytes of `source` to `offset` of this file, within the kernel where it can.
    ///
    /// A source that ends earlier is an error; what was copied until then stays.
    package func copy(
        from source: File,
        at sourceOffset: Int64,
        count: Int64,
        to offset: Int64
    ) throws(StorageError) {
        let copied = try copyInKernel(from: source, at: sourceOffset, count: count, to: offset)
        guard copied < count else { return }
        try copyThroughMemory(
            from: source,
            at: sourceOffset + copied,
            count: count - copied,
            to: offset + copied
        )
    }

    /// Cuts the file off, or makes it longer by zeros.
    package func truncate(to sizeBytes: Int64) throws(StorageError) {
        _ = try systemCall("truncate", path, changing: .write) {
            ftruncate(descriptor, off_t(sizeBytes))
        }
    }

    /// Lets the disk begin with a range, so that there is less left for `synchronize` to wait for.
    ///
    /// A hint that promises nothing: what cannot be written is an error of `synchronize`.
    package func beginWriting(at offset: Int64, count: Int64) {
        _ = otcluster_begin_writing(descriptor, off_t(offset), off_t(count))
    }

    /// Makes the file's content and size survive a power loss.
    ///
    /// A failure is final: the kernel may have dropped the pages it could not write, and a second
    /// call then succeeds without them (fsync(2), "NOTES"). Write the file anew.
    package func synchronize() throws(StorageError) {
        _ = try systemCall("fdatasync", path, changing: .synchronize) { fdatasync(descriptor) }
    }

    package func identity() throws(StorageError) -> FileIdentity {
        var status = stat()
        _ = try systemCall("stat", path) { fstat(descriptor, &status) }
        return FileIdentity(status)
    }

    /// Flips a bit in the middle of what was written, where a test wants to see who notices.
    private func damageIfAsked(
        _ operation: StorageFaults.Operation,
        _ offset: Int64,
        _ count: Int
    ) throws(StorageError) {
        guard StorageFaults.flipsBit(of: operation, path) else { return }
        let place = off_t(offset) + count / 2
        var byte: UInt8 = 0
        _ = try systemCall("read", path) { pread(descriptor, &byte, 1, place) }
        byte ^= 1
        _ = try systemCall("write", path) { pwrite(descriptor, &byte, 1, place) }
    }

    /// Returns how much was copied: less than `count` where the kernel cannot copy these files.
    private func copyInKernel(
        from source: File,
        at sourceOffset: Int64,
        count: Int64,
        to offset: Int64
    ) throws(StorageError) -> Int64 {
        var (from, to) = (off_t(sourceOffset), off_t(offset))
        let end = to + off_t(count)
        while to < end {
            let copied: Int
            do throws(StorageError) {
                copied = try systemCall("copy into", path, changing: .copy) {
                    otcluster_copy_file_range(
                        source.descriptor,
                        &from,
                        descriptor,
                        &to,
                        end - to
                    )
                }
            } catch .system(_, _, let number) where Self.copyUnsupported.contains(number) {
                break
            }
            // 0 is the end of the source, or a file system that has no answer: reading tells.
            if copied == 0 { break }
            try damageIfAsked(.copy, Int64(to) - Int64(copied), copied)
        }
        return Int64(to) - offset
    }

    private func copyThroughMemory(
        from source: File,
        at sourceOffset: Int64,
        count: Int64,
        to offset: Int64
    ) throws(StorageError) {
        let size = Int(min(count, Int64(Self.copyBufferSizeBytes)))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        var done: Int64 = 0
        while done < count {
            let wanted = Int(min(Int64(size), count - done))
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let got = try source.read(into: piece, at: sourceOffset + done)
            try write(UnsafeRawBufferPointer(rebasing: piece[..<got]), at: offset + done)
            done += Int64(got)
            guard got == wanted else {
                throw .unexpectedEnd(path: source.path, offset: sourceOffset + done)
            }
        }
    }
}
