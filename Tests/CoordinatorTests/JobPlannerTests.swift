import API
import Jobs
import Storage
import TestSupport
import Testing

@testable import Coordinator

@Suite("A request becomes steps with the files they read")
struct JobPlannerTests {
    private func plan(_ request: SubmitRequest, raw: String = "/nowhere") throws -> PlannedJob {
        let library = try JobLibrary(directories: [])
        return try JobPlanner(library: library, rawDirectory: raw).plan(request)
    }

    private func message(_ request: SubmitRequest) throws -> String {
        do {
            _ = try plan(request)
            return ""
        } catch let error as PlanError {
            return error.message
        }
    }

    @Test("without --input a file is looked up in the raw store")
    func rawStore() throws {
        try withTemporaryFolder { folder in
            try write([1, 2, 3], to: folder + "/title.ratings.tsv.gz")
            let steps = try plan(SubmitRequest(jobs: ["title_ratings"]), raw: folder).steps
            #expect(steps.map(\.files) == [[folder + "/title.ratings.tsv.gz"]])
            #expect(steps.map(\.inputBytes) == [3])
        }
    }

    @Test("--input may be a folder, in which every job's file is looked up")
    func folder() throws {
        try withTemporaryFolder { folder in
            try write([1, 2, 3], to: folder + "/title.ratings.tsv.gz")
            try write([1, 2], to: folder + "/title.akas.tsv.gz")
            let job = try plan(SubmitRequest(jobs: ["title_akas", "title_ratings"], input: folder))
            #expect(job.name == "title_akas+title_ratings")
            #expect(job.steps.map(\.inputBytes) == [2, 3])
        }
    }

    @Test("--input may be a file, for one job, even if its name looks like a glob")
    func file() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/any name [1].gz"
            try write([1], to: path)
            let job = try plan(SubmitRequest(jobs: ["title_ratings"], input: path))
            #expect(job.steps.map(\.files) == [[path]])
            #expect(job.steps.map(\.inputBytes) == [1])
        }
    }

    @Test("--input may be a glob, whose files come in order")
    func glob() throws {
        try withTemporaryFolder { folder in
            for name in ["b-2", "a-1", "b-1", "c"] { try write([1], to: "\(folder)/\(name).gz") }
            let request = SubmitRequest(jobs: ["title_ratings"], input: folder + "/*-*.gz")
            let step = try plan(request).steps[0]
            #expect(step.files == ["a-1", "b-1", "b-2"].map { "\(folder)/\($0).gz" })
            #expect(step.inputBytes == 3)
        }
    }

    @Test("a file for several jobs is refused")
    func fileForSeveral() throws {
        let text = try message(SubmitRequest(jobs: ["imdb"], input: "/nowhere/x.gz"))
        #expect(text.hasPrefix("--input /nowhere/x.gz is no folder on the coordinator's machine"))
    }

    @Test("a file that is missing stays in the plan, so that the step can name it")
    func missing() throws {
        let request = SubmitRequest(jobs: ["title_ratings"], input: "/nowhere/x*.gz")
        let step = try plan(request).steps[0]
        #expect(step.files == ["/nowhere/x*.gz"])
        #expect(step.inputBytes == 0)
    }

    @Test("a workflow keeps its name and has a step a table")
    func workflow() throws {
        let job = try plan(SubmitRequest(jobs: ["imdb"]))
        #expect(job.name == "imdb")
        #expect(Set(job.steps.compactMap { $0.declaration.table?.table }).count == 7)
    }

    @Test("two jobs that load one table are refused", arguments: ["title_akas", "imdb"])
    func oneTableTwice(other: String) throws {
        let text = try message(SubmitRequest(jobs: ["title_akas", other]))
        #expect(text == "two jobs of the request load the table title_akas")
    }

    @Test("an unknown job is refused in one line that names the one that was meant")
    func unknownJob() throws {
        let text = try message(SubmitRequest(jobs: ["title_aka"]))
        #expect(text.contains("title_akas"))
        #expect(!text.contains("\n"))
    }

    @Test("a request without a job is refused")
    func nothing() throws {
        #expect(try message(SubmitRequest()) == "no job is named; try otjob submit imdb")
    }
}
