import API
import Base
import Scheduling

/// Records the course of one job in bounded memory; see ``JobCourse``.
///
/// A value; lives on the loop. Thousands of tasks a second end here, so each costs little more than
/// a look at the end of its worker's lane.
struct CourseRecorder {
    /// Spans kept of a job, beyond which neighbours are summed up; as many as a drawing shows.
    static let spansLimit = 2000
    /// Workers that have lanes of their own; what others do, who come and go for long, is one lane.
    static let lanesLimit = 1100
    /// A week: no job has spans of one step that are longer, so nothing more can be summed up.
    private static let coarsest: Int64 = 7 * 86_400_000
    static let keptNotes = 500
    static let keptSlowest = 200
    /// Examples of fields that did not convert, of one column and in all.
    static let examplesOfColumn = 5
    static let keptExamples = 200

    private var recorded: JobCourse
    /// Whether it has changed since it was written.
    var hasUnsaved = false
    private var lanes: [LaneKey: Int] = [:]
    /// The same for the workers of this coordinator that have been looked up: their numbers name them.
    private var knownLanes: [WorkerID: Int] = [:]
    private var spanCount: Int
    /// What a task must have taken to be one of the slowest, once there are enough of them.
    private var slowestLeast = Duration.zero
    private var slowest: [(took: Duration, attempt: AttemptSummary)]

    /// Workers are numbered anew by each coordinator.
    private struct LaneKey: Hashable {
        let worker: String
        let host: String
        let process: Int
    }

    /// What is known of the worker of an attempt.
    struct WorkerPlace {
        var pool: String
        var slots: Int
    }

    /// Goes on with a course that an earlier coordinator recorded.
    init(_ course: JobCourse = JobCourse()) {
        recorded = course
        for (index, lane) in course.lanes.enumerated() {
            lanes[LaneKey(worker: lane.worker, host: lane.host, process: lane.pid)] = index
        }
        spanCount = course.lanes.reduce(0) { $0 + $1.slots.reduce(0) { $0 + $1.count } }
        slowest = course.slowest.map { attempt in
            let seconds = Text.seconds(from: attempt.started, to: attempt.ended) ?? 0
            return (.microseconds(Int64(seconds * 1e6)), attempt)
        }
        if slowest.count >= Self.keptSlowest { slowestLeast = slowest.last?.took ?? .zero }
    }

    var course: JobCourse {
        var course = recorded
        course.slowest = slowest.map(\.attempt)
        return course
    }

    // MARK: What happens

    mutating func note(_ text: String, at time: WallTime) {
        hasUnsaved = true
        recorded.notes.append(JobCourse.Note(at: milliseconds(time), text: text))
        recorded.noteCount += 1
        if recorded.notes.count > Self.keptNotes { recorded.notes.removeFirst() }
    }

    /// Takes an attempt in that finished.
    mutating func note(_ attempt: EndedAttempt, at place: WorkerPlace) {
        hasUnsaved = true
        let lane = lane(of: attempt, at: place)
        let (from, to) = (milliseconds(attempt.started), milliseconds(attempt.ended))
        append(step: attempt.record.task.step.index, from: from, to: to, to: lane)
        noteTime(of: attempt)
    }

    /// Takes a field in that did not convert, as long as there is room for one more of its column.
    mutating func note(_ example: JobCourse.Unconverted) {
        let known = recorded.unconverted.count {
            ($0.step, $0.column) == (example.step, example.column)
        }
        guard known < Self.examplesOfColumn, recorded.unconverted.count < Self.keptExamples else {
            return
        }
        hasUnsaved = true
        recorded.unconverted.append(example)
    }

    // MARK: Spans

    private mutating func milliseconds(_ time: WallTime) -> Int64 {
        if recorded.start == 0 { recorded.start = time.microseconds }
        return (time.microseconds - recorded.start) / 1000
    }

    private mutating func lane(of attempt: EndedAttempt, at place: WorkerPlace) -> Int {
        if let known = knownLanes[attempt.record.worker] { return known }
        let lane = findLane(of: attempt, at: place)
        if knownLanes.count < Self.lanesLimit { knownLanes[attempt.record.worker] = lane }
        return lane
    }

    private mutating func findLane(of attempt: EndedAttempt, at place: WorkerPlace) -> Int {
        let worker = "\(attempt.record.worker)"
        let process = Int(attempt.processID)
        let key = LaneKey(worker: worker, host: attempt.host, process: process)
        if let known = lanes[key] { return known }
        guard recorded.lanes.count < Self.lanesLimit else { return Self.lanesLimit - 1 }
        let isLast = recorded.lanes.count == Self.lanesLimit - 1
        lanes[key] = recorded.lanes.count
        recorded.lanes.append(
            JobCourse.Lane(
                worker: isLast ? "\(worker) and others" : worker,
                host: attempt.host,
                pid: process,
                pool: place.pool,
                slots: Array(repeating: [], count: max(1, place.slots))
            )
        )
        return recorded.lanes.count - 1
    }

    /// Puts a task into the slot that has been free for longest.
    ///
    /// A worker holds one chunk more than it has slots: a task begins when its slot's last one ended.
    private mutating func append(step: Int, from: Int64, to: Int64, to lane: Int) {
        let ends = recorded.lanes[lane].slots.map { $0.last?.to ?? Int64.min }
        guard let slot = ends.indices.min(by: { ends[$0] < ends[$1] }) else { return }
        let span = JobCourse.Span(
            step: step,
            from: min(to, max(from, ends[slot])),
            to: to,
            tasks: 1
        )
        spanCount += recorded.lanes[lane].slots[slot].add(span, within: recorded.resolution)
        guard spanCount > Self.spansLimit, recorded.resolution < Self.coarsest else { return }
        sumUp()
    }

    /// Sums neighbours up until half of the spans are left, or until there are no neighbours.
    private mutating func sumUp() {
        repeat {
            recorded.resolution = max(1, recorded.resolution * 2)
            spanCount = 0
            for lane in recorded.lanes.indices {
                for slot in recorded.lanes[lane].slots.indices {
                    var spans: [JobCourse.Span] = []
                    for span in recorded.lanes[lane].slots[slot] {
                        spans.add(span, within: recorded.resolution)
                    }
                    recorded.lanes[lane].slots[slot] = spans
                    spanCount += spans.count
                }
            }
        } while spanCount > Self.spansLimit / 2 && recorded.resolution < Self.coarsest
    }

    // MARK: The slowest

    private mutating func noteTime(of attempt: EndedAttempt) {
        let took = attempt.record.ended - attempt.record.started
        guard slowest.count < Self.keptSlowest || took > slowestLeast else { return }
        let place = slowest.firstIndex { $0.took < took } ?? slowest.count
        slowest.insert((took, AttemptSummary(attempt)), at: place)
        if slowest.count > Self.keptSlowest { slowest.removeLast() }
        if slowest.count == Self.keptSlowest { slowestLeast = slowest.last?.took ?? .zero }
    }
}

extension [JobCourse.Span] {
    /// Adds a span behind the last one, or to it where both together are short enough; returns by how
    /// many the spans have grown.
    @discardableResult
    fileprivate mutating func add(_ span: JobCourse.Span, within resolution: Int64) -> Int {
        guard let last, last.step == span.step, span.to - last.from <= resolution else {
            append(span)
            return 1
        }
        self[count - 1].to = Swift.max(last.to, span.to)
        self[count - 1].tasks += span.tasks
        return 0
    }
}
