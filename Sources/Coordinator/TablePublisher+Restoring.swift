import Base
import Catalog
import Storage
import Transport

/// Making a table what it was in an older version.
extension TablePublisher {
    /// Gives a table the content of an older version again, and the table of its rejected rows with it.
    ///
    /// The files get second names: the new version shares no file with the old one, so that forgetting
    /// that one, by whatever program, takes nothing away. No row is read or written.
    func restore(
        _ table: TableName,
        to version: SnapshotID,
        reign: Reign,
        _ completion: @escaping (Result<SnapshotID, StoreChangeError>) -> Void
    ) {
        perform(completion) { [self] () throws(StoreChangeError) in
            do throws(PublishError) {
                return try restore(table, to: version, reign: reign)
            } catch {
                throw StoreChangeError(error)
            }
        }
    }

    // MARK: On the queue

    private func restore(
        _ table: TableName,
        to version: SnapshotID,
        reign: Reign
    ) throws(PublishError) -> SnapshotID {
        var begun: [String] = []
        do throws(PublishError) {
            var restorations = try restorations(of: table, to: version)
            for index in restorations.indices {
                try link(&restorations[index], reign, noting: &begun)
            }
            return try commit(
                Publication(
                    commitKey: takeOwnKey(of: reign),
                    reign: reign,
                    job: Self.noJob,
                    author: "otcluster",
                    message: "\(table) restored to version \(version)",
                    extraInfo: restorations.first?.extraInfo ?? "{}",
                    tables: [],
                    restorations: restorations
                )
            )
        } catch {
            if !error.mayBePublished { for path in begun { removeIfThere(path) } }
            throw error
        }
    }

    /// What the table was, and that of its rejected rows where it is not as it was as well.
    private func restorations(
        of table: TableName,
        to version: SnapshotID
    ) throws(PublishError) -> [Restoration] {
        do throws(CatalogError) {
            guard let main = try catalog.restoration(of: table, to: version) else {
                throw CatalogError.notRestorable(
                    table: "\(table)",
                    reason: "was not there in version \(version)"
                )
            }
            let rejects = TableName(schema: table.schema, table: table.table + "_rejects")
            guard main.isNeeded else {
                throw CatalogError.notRestorable(
                    table: "\(table)",
                    reason: "is what it was in version \(version)"
                )
            }
            let other = try catalog.restoration(of: rejects, to: version)
            return [main] + [other].compactMap(\.self).filter(\.isNeeded)
        } catch {
            throw .catalog(error)
        }
    }

    /// Gives each file its new name.
    private func link(
        _ restoration: inout Restoration,
        _ reign: Reign,
        noting begun: inout [String]
    ) throws(PublishError) {
        for file in restoration.files {
            guard Directory.exists(path: file.path) else {
                throw .refused(
                    "\(restoration.table) cannot be restored: the file \(file.path) of version "
                        + "\(restoration.version) is gone"
                )
            }
            let name = takeSegmentName(of: reign)
            restoration.names[file.id] = name
            begun.append(restoration.directory + name)
            do throws(StorageError) {
                try Directory.link(from: file.path, to: restoration.directory + name)
            } catch {
                throw .storage(error)
            }
        }
        guard !restoration.files.isEmpty else { return }
        do throws(StorageError) {
            try Directory.synchronize(path: restoration.directory)
        } catch {
            throw .storage(error)
        }
    }
}
