import Base
import Columns

/// `ott.ingestion_log`: a row for each attempt to bring a file into the raw store.
enum IngestionLog {
    static let table = SystemTable(
        name: "ingestion_log",
        columns: [
            ColumnDeclaration(name: "dataset_name", type: .string, isRequired: true),
            ColumnDeclaration(name: "ingestion_date", type: .timestamp, isRequired: true),
            ColumnDeclaration(name: "file_size_bytes", type: .int64),
            ColumnDeclaration(name: "md5_hash", type: .string),
            ColumnDeclaration(name: "has_changed", type: .boolean, isRequired: true),
            ColumnDeclaration(name: "source", type: .string, isRequired: true),
            ColumnDeclaration(name: "etag", type: .string),
            ColumnDeclaration(name: "duration", type: .float64, isRequired: true),
            ColumnDeclaration(name: "tries", type: .int32, isRequired: true),
            ColumnDeclaration(name: "error", type: .string),
        ]
    )

    static func row(_ outcome: IngestOutcome) -> [SystemValue] {
        [
            .text(outcome.dataset),
            .timestamp(outcome.started),
            outcome.sizeBytes.map { .integer($0) } ?? .null,
            outcome.md5.map { .text($0) } ?? .null,
            .boolean(outcome.isChanged),
            .text(outcome.source),
            outcome.etag.map { .text($0) } ?? .null,
            .double(outcome.duration.seconds),
            .integer(Int64(outcome.tries)),
            outcome.error.map { .text($0) } ?? .null,
        ]
    }
}
