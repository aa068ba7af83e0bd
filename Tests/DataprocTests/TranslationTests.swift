import API
import Testing

@testable import Dataproc

@Suite("Jobs of other clusters")
struct TranslationTests {
    private let translation = JobTranslation(
        aliases: ["transform_title_basics": "title_basics"],
        buckets: ["raw": "/data"],
        jobs: ["title_basics", "imdb", "selftest"]
    )

    private func work(_ text: String) throws -> JobWork {
        let job = try JobSchema.job.read(try JSONText.parse(Array(text.utf8)))
        return try translation.work(of: job, zone: "zone-a")
    }

    @Test("a Python file stands for a job, and its arguments for the job's")
    func script() throws {
        let work = try work(
            #"""
            {"pysparkJob": {"mainPythonFileUri": "gs://code/a/transform_title_basics.py", "args": [
             "--input_file=gs://raw/imdb/title.basics.tsv.gz", "--output_table", "p:ott.title_basics",
             "--temp_bucket=b", "--project_id", "p"]}}
            """#
        )
        let wanted = SubmitRequest(
            jobs: ["title_basics"],
            input: "/data/imdb/title.basics.tsv.gz",
            pool: "zone-a"
        )
        #expect(work == .run(wanted))
    }

    @Test("a class is a job's name, and properties are its parameters")
    func program() throws {
        let properties = #""properties": {"otjob:tasks": "3", "spark.x": "y"}"#
        for type in ["hadoopJob", "sparkJob"] {
            let work = try work(#"{"\#(type)": {"mainClass": "selftest", \#(properties)}}"#)
            #expect(
                work == .run(SubmitRequest(jobs: ["selftest"], set: ["tasks": "3"], pool: "zone-a"))
            )
        }
        let table = try work(
            #"{"sparkJob": {"mainClass": "imdb.load", "args": ["--table", "title_basics"]}}"#
        )
        #expect(table == .run(SubmitRequest(jobs: ["title_basics"], pool: "zone-a")))
    }

    @Test(
        "what cannot be read is refused",
        arguments: [
            #"{}"#, #"{"hadoopJob": {}, "sparkJob": {}}"#, #"{"hadoopJob": {"mainClass": "x"}}"#,
            #"{"flinkJob": {"mainClass": "selftest"}}"#,
            #"{"pysparkJob": {"mainPythonFileUri": "transform_title_basics"}}"#,
            #"{"hadoopJob": {"mainClass": "imdb", "args": ["--input=gs://other/x"]}}"#,
            #"{"hadoopJob": {"mainClass": "imdb", "args": ["--input=gs://raw/../etc/passwd"]}}"#,
            #"{"hadoopJob": {"mainClass": "imdb", "args": ["--input=relative"]}}"#,
            #"{"hadoopJob": {"mainClass": "imdb", "args": ["-x"]}}"#,
            #"{"hadoopJob": {"mainClass": "imdb", "args": ["--unknown=1"]}}"#,
            #"{"sparkSqlJob": {"queryFileUri": "gs://x/y"}}"#, #"{"sparkSqlJob": {}}"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: RPCError.self) { try work(text) }
    }
}
