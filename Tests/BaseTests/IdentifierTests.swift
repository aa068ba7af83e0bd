import Base
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("are shown as their raw values, steps and tasks as paths")
    func descriptions() {
        let step = StepID(job: JobID(12), index: 3)
        #expect(JobID(12).description == "12")
        #expect(PoolID("zone-a").description == "zone-a")
        #expect(step.description == "12/3")
        #expect(TaskID(step: step, index: 40).description == "12/3/40")
    }

    @Test("are ordered by number and not by text, outer parts first")
    func order() {
        #expect(JobID(9) < JobID(10))
        let early = StepID(job: JobID(9), index: 7)
        let late = StepID(job: JobID(10), index: 0)
        #expect(early < late)
        #expect(TaskID(step: early, index: 99) < TaskID(step: late, index: 0))
        #expect(TaskID(step: early, index: 9) < TaskID(step: early, index: 10))
    }
}
