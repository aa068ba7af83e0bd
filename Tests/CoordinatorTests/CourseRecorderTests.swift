import API
import Base
import Database
import Scheduling
import TestSupport
import Testing
import Transport

@testable import Coordinator

@Suite("The course of a job")
struct CourseRecorderTests {
    private static let start: Int64 = 1_800_000_000_000_000

    /// An attempt that finished, in milliseconds since the job's start.
    private func ended(
        _ number: Int,
        step: Int = 0,
        worker: Int64 = 1,
        from: Int64,
        to: Int64
    ) -> EndedAttempt {
        EndedAttempt(
            record: AttemptRecord(
                attempt: AttemptID(Int64(number)),
                task: TaskID(step: StepID(job: JobID(3), index: step), index: number),
                worker: WorkerID(worker),
                started: Instant(nanoseconds: from * 1_000_000),
                ended: Instant(nanoseconds: to * 1_000_000),
                cause: .finished
            ),
            host: "alpha",
            processID: 77,
            ended: WallTime(microseconds: Self.start + to * 1000)
        )
    }

    private let oneSlot = CourseRecorder.WorkerPlace(pool: "zone-a", slots: 1)

    @Test("a task that was leased ahead begins when the one before it has ended")
    func leasedAhead() {
        var recorder = CourseRecorder()
        recorder.note(ended(0, from: 0, to: 100), at: oneSlot)
        recorder.note(ended(1, from: 10, to: 150), at: oneSlot)
        recorder.note(ended(2, step: 1, from: 400, to: 500), at: oneSlot)
        #expect(
            recorder.course.lanes.map(\.slots) == [
                [
                    [
                        .init(step: 0, from: 0, to: 100, tasks: 1),
                        .init(step: 0, from: 100, to: 150, tasks: 1),
                        .init(step: 1, from: 400, to: 500, tasks: 1),
                    ]
                ]
            ]
        )
    }

    @Test("what runs at the same time is in different slots, and each worker has a lane")
    func slots() {
        var recorder = CourseRecorder()
        let place = CourseRecorder.WorkerPlace(pool: "zone-a", slots: 2)
        recorder.note(ended(0, from: 0, to: 100), at: place)
        recorder.note(ended(1, from: 0, to: 110), at: place)
        recorder.note(ended(2, worker: 2, from: 0, to: 120), at: place)
        let lanes = recorder.course.lanes
        #expect(lanes.map(\.worker) == ["1", "2"])
        #expect(lanes[0].slots.map(\.count) == [1, 1])
        #expect(lanes[1].slots.map(\.count) == [1, 0])
    }

    @Test("100,000 tasks are summed up within the limit, and each is counted")
    func many() {
        var recorder = CourseRecorder()
        for number in 0..<100_000 {
            let time = Int64(number / 4) * 3
            let attempt = ended(number, worker: Int64(number % 4), from: time, to: time + 3)
            recorder.note(attempt, at: oneSlot)
        }
        let course = recorder.course
        let spans = course.lanes.flatMap { $0.slots.joined() }
        #expect(spans.count <= CourseRecorder.spansLimit)
        #expect(spans.count > CourseRecorder.spansLimit / 8)
        #expect(spans.reduce(0) { $0 + $1.tasks } == 100_000)
        #expect(course.slowest.count == CourseRecorder.keptSlowest)
        for slot in course.lanes.flatMap(\.slots) {
            for (before, after) in zip(slot, slot.dropFirst()) { #expect(before.to <= after.from) }
        }
        #expect(JSON.encode(course).count < 200_000)
    }

    @Test("more workers and steps than spans are kept all the same, and the summing ends")
    func manyLanes() {
        var recorder = CourseRecorder()
        for number in 0..<6000 {
            let attempt = ended(
                number,
                step: number / 2000,
                worker: Int64(number % 1000),
                from: Int64(number),
                to: Int64(number) + 5
            )
            recorder.note(attempt, at: oneSlot)
        }
        let spans = recorder.course.lanes.flatMap { $0.slots.joined() }
        #expect(spans.reduce(0) { $0 + $1.tasks } == 6000)
        #expect(spans.count == 3000)
    }

    @Test("what very many workers do, one after the other, is one lane from some number on")
    func manyWorkers() {
        var recorder = CourseRecorder()
        for number in 0..<5000 {
            let (worker, time) = (Int64(number), Int64(number) * 10)
            recorder.note(ended(number, worker: worker, from: time, to: time + 9), at: oneSlot)
        }
        let lanes = recorder.course.lanes
        #expect(lanes.count == CourseRecorder.lanesLimit)
        #expect(lanes.last?.worker == "1099 and others")
        #expect(lanes.flatMap { $0.slots.joined() }.reduce(0) { $0 + $1.tasks } == 5000)
    }

    @Test("the slowest attempts are kept, the slowest first")
    func slowest() {
        var recorder = CourseRecorder()
        for number in 0..<1000 {
            let took = Int64((number * 37) % 1000)
            recorder.note(ended(number, from: 0, to: took), at: oneSlot)
        }
        let slowest = recorder.course.slowest.map {
            Text.seconds(from: $0.started, to: $0.ended) ?? 0
        }
        #expect(slowest == (800..<1000).reversed().map { Double($0) / 1000 })
    }

    @Test("the newest notes are kept, and all are counted")
    func notes() {
        var recorder = CourseRecorder()
        for number in 0..<600 {
            let time = WallTime(microseconds: Self.start + Int64(number) * 1000)
            recorder.note("note \(number)", at: time)
        }
        #expect(recorder.course.notes.count == CourseRecorder.keptNotes)
        #expect(recorder.course.notes.last == .init(at: 599, text: "note 599"))
        #expect(recorder.course.noteCount == 600)
    }

    @Test("a few examples of each column are kept")
    func examples() {
        var recorder = CourseRecorder()
        for line in 0..<100 {
            for column in ["a", "b"] {
                recorder.note(
                    JobCourse.Unconverted(step: 0, column: column, line: Int64(line), text: "x")
                )
            }
        }
        #expect(recorder.course.unconverted.count == 2 * CourseRecorder.examplesOfColumn)
    }

    @Test("what was written is read again, and goes on where it was")
    func restart() throws {
        var recorder = CourseRecorder()
        recorder.note("started on pool zone-a", at: WallTime(microseconds: Self.start))
        recorder.note(ended(0, from: 0, to: 100), at: oneSlot)
        let job = JobID(3)
        try withTemporaryFolder { folder in
            let test = try TestLoop()
            let store = try JobStore(path: folder + "/jobs.sqlite", loop: test.loop)
            let course = recorder.course
            try test.ask { answer in store.save([(job, course)]) { answer($0) } }.get()
            let read = try test.ask { answer in store.course(of: job) { answer($0) } }.get()
            var later = CourseRecorder(read)
            #expect(later.course == course)
            later.note(ended(1, from: 100, to: 130), at: oneSlot)
            #expect(later.course.lanes.count == 1)
            #expect(later.course.lanes[0].slots[0].count == 2)
        }
    }
}
