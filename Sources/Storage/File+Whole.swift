/// Files that are written or read as a whole.
extension File {
    /// Writes a file whole or not at all, and durably; one of that name is replaced.
    ///
    /// It is made under `temporary`, in the same folder, where a crash may leave it behind. A private
    /// one is its owner's alone throughout.
    package static func replace(
        path: String,
        with bytes: [UInt8],
        through temporary: String,
        isPrivate: Bool = false
    ) throws(StorageError) {
        // One that a crash left may have other permissions.
        try Directory.removeTree(path: temporary)
        do throws(StorageError) {
            let file = try create(path: temporary, isPrivate: isPrivate)
            try file.write(bytes, at: 0)
            try file.synchronize()
            try Directory.rename(from: temporary, to: path)
        } catch {
            // What made writing fail is to be told, not what else does.
            try? Directory.removeTree(path: temporary)
            throw error
        }
        try Directory.synchronize(path: Directory.parent(of: path))
    }

    /// Bytes that `readAll` lends at a time: a guess between calls saved and caches kept.
    private static let pieceSizeBytes = 1 << 20

    /// Lends the content to `body` from the beginning to the end, a piece at a time.
    package func readAll(
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(StorageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.pieceSizeBytes,
            alignment: 64
        )
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = try read(into: buffer, at: offset)
            guard count > 0 else { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
    }
}
