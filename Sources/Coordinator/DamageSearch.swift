import Base
import Gzip
import Spool
import Storage

/// Looks for damage in a file whose lines were wrong: inflates it to its end, and keeps nothing.
///
/// From its beginning, whatever was read of it before: one pass more, for a job that fails anyway.
/// Owned by the input's thread.
final class DamageSearch {
    private let identity: SpoolHeader.InputFile
    private let reader: GzipReader
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: pieceSizeBytes,
        alignment: 64
    )

    /// Content inflated at a time; it stays in the second-level cache.
    private static let pieceSizeBytes = 256 << 10
    /// Pieces until others have their turn: some 20 ms of work.
    private static let piecesInTurn = 64

    init(in identity: SpoolHeader.InputFile) throws(InputError) {
        self.identity = identity
        do throws(StorageError) {
            reader = GzipReader(source: FileSource(try File.open(readingFrom: identity.path)))
        } catch {
            throw .storage(error)
        }
    }

    deinit { buffer.deallocate() }

    /// Goes on for a while; true when the end was reached, and all was well.
    func advance() throws(InputError) -> Bool {
        do throws(GzipError) {
            for _ in 0..<Self.piecesInTurn where try reader.read(into: buffer) < buffer.count {
                return true
            }
            return false
        } catch {
            // What another writer did to the file looks like damage.
            guard (try? InputFiles.identify(identity.path)) == identity else {
                throw .changed(file: identity.path)
            }
            throw .chunk(file: identity.path, .gzip(error))
        }
    }
}
