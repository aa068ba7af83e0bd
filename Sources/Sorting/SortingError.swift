/// Why sorted rows could not be made, merged or read.
package enum SortingError: Error, Equatable, CustomStringConvertible {
    case malformedKey
    case malformedRun(reason: String)
    case tooManyPartitions(Int, limit: Int)
    case tooManyRuns(sizeBytes: Int, limit: Int)

    package var description: String {
        switch self {
        case .malformedKey: "a sort key is no such key"
        case .malformedRun(let reason): "a sorted run is damaged: \(reason)"
        case .tooManyPartitions(let count, let limit):
            "partition_by gives \(count) partitions or more, at most \(limit); "
                + "use fewer values, as bucket(N, column) or year(column)"
        case .tooManyRuns(let size, let limit):
            "the sorted runs of one partition cannot be merged in bounded memory: a merge task would "
                + "read \(size) bytes, at most \(limit); set a larger scheduler.chunk"
        }
    }
}
