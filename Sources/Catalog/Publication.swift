package import Base
package import Columns

/// The ids of one column: the Parquet field ids of its files.
package struct ColumnIDs: Hashable, Sendable {
    package let column: Int32
    /// The id of a list's elements; nil for other columns.
    package let element: Int32?

    package init(column: Int32, element: Int32? = nil) {
        self.column = column
        self.element = element
    }

    /// The id that values and statistics belong to.
    package var leaf: Int32 { element ?? column }
}

/// What a table will look like: how its files are to be written, and where.
package struct TablePlan: Hashable, Sendable {
    package let schema: String
    package let table: String
    package let columns: [ColumnDeclaration]
    package let mode: WriteMode
    /// What the rows are put into partitions by.
    package let partitionBy: [PartitionField]
    /// Indexes of the columns that the rows of each file are sorted by; empty for no known order.
    package let sortedBy: [Int]
    /// One for each column, in the same order.
    package let columnIDs: [ColumnIDs]
    /// The absolute folder of the table's files, with a slash at its end.
    package let directory: String

    package init(
        schema: String,
        table: String,
        columns: [ColumnDeclaration],
        mode: WriteMode,
        partitionBy: [PartitionField] = [],
        sortedBy: [Int] = [],
        columnIDs: [ColumnIDs],
        directory: String
    ) {
        precondition(columns.count == columnIDs.count, "a column without an id")
        self.schema = schema
        self.table = table
        self.columns = columns
        self.mode = mode
        self.partitionBy = partitionBy
        self.sortedBy = sortedBy
        self.columnIDs = columnIDs
        self.directory = directory
    }
}

/// One finished Parquet file of a table: whole, closed, synced, under its final name.
package struct SegmentRecord: Hashable, Sendable {
    /// Relative to the table's folder.
    package let fileName: String
    package let rowCount: Int64
    package let sizeBytes: Int64
    /// The length of the footer's metadata, as it stands 8 bytes before the file's end.
    package let footerSizeBytes: Int64
    /// One for each column in order; for lists that of the elements.
    package let statistics: [ColumnStatistics]
    /// The values that all its rows have in the plan's `partitionBy`; nil where it has no partition.
    package let partition: [ColumnBound?]?

    package init(
        fileName: String,
        rowCount: Int64,
        sizeBytes: Int64,
        footerSizeBytes: Int64,
        statistics: [ColumnStatistics],
        partition: [ColumnBound?]? = nil
    ) {
        self.fileName = fileName
        self.rowCount = rowCount
        self.sizeBytes = sizeBytes
        self.footerSizeBytes = footerSizeBytes
        self.statistics = statistics
        self.partition = partition
    }
}

/// A table and the segments that become its content, or are added to it.
package struct TablePublication: Hashable, Sendable {
    package let plan: TablePlan
    package let segments: [SegmentRecord]

    package init(plan: TablePlan, segments: [SegmentRecord]) {
        let columns = plan.columns.count
        for segment in segments {
            precondition(segment.statistics.count == columns, "\(segment.fileName): statistics")
            let values = segment.partition?.count ?? plan.partitionBy.count
            precondition(values == plan.partitionBy.count, "\(segment.fileName): partition")
            let parts = segment.fileName.split(separator: "/", omittingEmptySubsequences: false)
            precondition(!parts.contains { $0.isEmpty || $0 == ".." }, "\(segment.fileName): name")
        }
        self.plan = plan
        self.segments = segments
    }
}

/// A view to be created or replaced; one that has this SQL already is left alone.
package struct ViewPublication: Hashable, Sendable {
    package let schema: String
    package let name: String
    /// A SELECT that names tables as `schema.table`, so that it works under any attach name.
    package let sql: String

    package init(schema: String, name: String, sql: String) {
        self.schema = schema
        self.name = name
        self.sql = sql
    }
}

/// The name of a view.
package struct ViewName: Hashable, Sendable {
    package let schema: String
    package let name: String

    package init(schema: String, name: String) {
        self.schema = schema
        self.name = name
    }
}

/// The name of a table.
package struct TableName: Hashable, Sendable, CustomStringConvertible {
    package let schema: String
    package let table: String

    package init(schema: String, table: String) {
        self.schema = schema
        self.table = table
    }

    package var description: String { "\(schema).\(table)" }
}

/// Everything that becomes visible at once.
package struct Publication: Hashable, Sendable {
    /// What makes a publication happen once, however often it is tried: as job and step.
    package let commitKey: String
    /// Who publishes; refused when its time is over.
    package let reign: Reign
    /// The job that this comes from.
    package let job: JobID
    package let author: String
    package let message: String
    /// JSON that leads from the snapshot back to the job.
    package let extraInfo: String
    package let tables: [TablePublication]
    package let views: [ViewPublication]
    /// Files that take the place of several smaller ones.
    package let compactions: [Compaction]
    /// Tables that become what they were in an older version.
    package let restorations: [Restoration]
    /// Tables that end; one that is not there is an error.
    package let droppedTables: [TableName]
    /// Views that end; one that is not there is an error.
    package let droppedViews: [ViewName]
    /// The schema version that the views were checked against; nil where nobody did.
    ///
    /// A publication upon any other one is refused.
    package let schemaVersion: Int64?

    package init(
        commitKey: String,
        reign: Reign,
        job: JobID,
        author: String,
        message: String,
        extraInfo: String,
        tables: [TablePublication],
        views: [ViewPublication] = [],
        compactions: [Compaction] = [],
        restorations: [Restoration] = [],
        droppedTables: [TableName] = [],
        droppedViews: [ViewName] = [],
        schemaVersion: Int64? = nil
    ) {
        self.commitKey = commitKey
        self.reign = reign
        self.job = job
        self.author = author
        self.message = message
        self.extraInfo = extraInfo
        self.tables = tables
        self.views = views
        self.compactions = compactions
        self.restorations = restorations
        self.droppedTables = droppedTables
        self.droppedViews = droppedViews
        self.schemaVersion = schemaVersion
    }
}

package enum PublishOutcome: Hashable, Sendable {
    case published(SnapshotID)
    /// The commit key was known: an earlier call made this snapshot, and nothing was written now.
    case already(SnapshotID)

    package var snapshot: SnapshotID {
        switch self {
        case .published(let snapshot), .already(let snapshot): snapshot
        }
    }
}

/// A point within the transaction of a publication, for tests that stop the process there.
package enum PublishStep: Hashable, Sendable, CaseIterable, Codable {
    case schemaWritten, filesEnded, filesNamed, statisticsWritten, viewsWritten, snapshotWritten
}
