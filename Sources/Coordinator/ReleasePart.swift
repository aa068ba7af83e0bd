import Columns
import Jobs
import Parquet
import Sorting
import Wire

/// Rows of a version that may share a file.
struct ReleasePart {
    /// The values that they have in common; nil for a table without partitions.
    var partition: [ColumnBound?]?
    /// In the order of the rows.
    var rowGroups: [StoredResult.RowGroup]
}

extension TableRelease {
    func rowGroups(of table: RowGroupTable) -> [StoredResult.RowGroup] {
        results.flatMap(\.rowGroups).filter { $0.table == table }
    }

    /// The table's rows by partition; that all which were sorted are there is checked.
    func parts() throws(PublishError) -> [ReleasePart] {
        guard let merge else { return [ReleasePart(rowGroups: rowGroups(of: .rows))] }
        var next = merge.firstTask
        var parts: [ReleasePart] = []
        for partition in merge.plan.partitions {
            let tasks = merge.plan.tasks[(next - merge.firstTask)...]
                .prefix { $0.partition == partition.key }.count
            let rowGroups = results[next..<next + tasks].flatMap(\.rowGroups)
            next += tasks
            let found = rowGroups.reduce(0) { $0 + $1.metadata.rowCount }
            guard found == Int64(partition.rowCount) else {
                throw .refused(
                    "\(partition.rowCount) rows of a partition were sorted and \(found) merged: "
                        + "a worker has lost or doubled some; the version before stays"
                )
            }
            parts.append(
                ReleasePart(partition: try values(of: partition.key), rowGroups: rowGroups)
            )
        }
        return parts
    }

    private func values(of key: [UInt8]) throws(PublishError) -> [ColumnBound?]? {
        guard !job.transform.partitionBy.isEmpty else { return nil }
        do throws(SortingError) {
            return try PartitionValues.values(of: key, job.transform)
        } catch {
            throw .refused("\(error)")
        }
    }
}
