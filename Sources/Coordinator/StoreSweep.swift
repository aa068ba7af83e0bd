import Base
import Catalog
import Glibc
import Jobs
import Storage
import Transport

/// Removes segments that a publication wrote and no version ever named.
///
/// A coordinator that is killed between a segment's first byte and the catalog's commit leaves them
/// behind. Only files with the names that ``TablePublisher`` gives are looked at, whatever DuckDB or
/// others keep in the same folders, and only those older than a grace period. A file that the
/// catalog names is never removed (failure-model.md, P7), nor one of a version that is being made:
/// its checks may take longer than any grace.
struct StoreSweep {
    /// Age below which a file may belong to a publication under way.
    static let grace = Duration.seconds(3600)
    /// Time between two sweeps.
    static let interval = Duration.seconds(3600)

    /// The folder of the table store, without a slash at its end.
    let directory: String
    let now: WallTime

    /// Removes what is left over, and returns the paths; on the thread of the catalog.
    ///
    /// Versions under way are given by what the names of their segments begin with.
    func run(
        _ catalog: Catalog,
        sparing versionsUnderWay: Set<String>
    ) throws(CatalogError) -> [String] {
        let candidates = Self.files(below: directory).filter { path in
            guard let version = Self.version(of: Self.name(path)) else { return false }
            return !versionsUnderWay.contains(version) && isOld(path)
        }
        guard !candidates.isEmpty else { return [] }
        // By name: the same file may be reached by more than one path.
        let named = Set(try catalog.allNamedFiles().map(Self.name))
        let unnamed = candidates.filter { !named.contains(Self.name($0)) }
        for path in unnamed { removeQuietly(path) }
        return unnamed
    }

    /// `STORE-JOB-STEP-EPOCH` of `STORE-JOB-STEP-EPOCH-NUMBER.parquet`, or of the name that it is
    /// made under; nil for names of others.
    static func version(of name: String) -> String? {
        var stem = Substring(name)
        if stem.hasPrefix("."), stem.hasSuffix(".tmp") { stem = stem.dropFirst().dropLast(4) }
        guard stem.hasSuffix(".parquet") else { return nil }
        let words = stem.dropLast(8).split(separator: "-", omittingEmptySubsequences: false)
        guard words.count == 5, words[0].utf8.count == Reign.jobStoreDigits,
            words[0].utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            words.dropFirst().allSatisfy({ Int64($0) != nil })
        else { return nil }
        return words.dropLast().joined(separator: "-")
    }

    /// The store has one folder a schema and below it one a table; links are not followed.
    private static func files(below folder: String, depth: Int = 2) -> [String] {
        guard let names = try? Directory.list(path: folder) else { return [] }
        return names.flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            guard let status = status(of: path) else { return [] }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: return depth > 0 ? files(below: path, depth: depth - 1) : []
            case S_IFREG: return [path]
            default: return []
            }
        }
    }

    private func isOld(_ path: String) -> Bool {
        guard let status = Self.status(of: path) else { return false }
        let changed = Int64(status.st_mtim.tv_sec) * 1_000_000
        return now.microseconds - changed > Self.grace.nanoseconds / 1000
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// The last part of a path.
    static func name(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }
}

extension CoordinatorShell {
    /// Removes segments that no version names; between two publications.
    func sweepStore() {
        let sweep = StoreSweep(
            directory: configuration.storage.tables,
            now: EventLoop.wallTime()
        )
        publisher.sweep(sweep) { outcome in
            switch outcome {
            case .success(let removed):
                for path in removed { CoordinatorLog.write("removed \(path): no version names it") }
            case .failure(let error):
                CoordinatorLog.write("the table store was not swept: \(error)")
            }
        }
    }
}
