import Jobs
import Testing

@Suite("Where files of the raw store come from")
struct SourceTests {
    @Test("the seven IMDb files are shipped, each under the name that its job reads")
    func shipped() throws {
        let sources = try SourceLibrary(files: [])
        #expect(sources.datasets.count == 7)
        let jobs = try JobLibrary(directories: [])
        for source in try sources.sources(named: []) {
            #expect(jobs.job(reading: source.fileName)?.name == source.dataset)
            #expect("\(source.location)".hasPrefix("https://datasets.imdbws.com/"))
        }
    }

    @Test(
        "a URL and a path are named after their file",
        arguments: [
            ("https://h/a/title.akas.tsv.gz", "title_akas", "https://h/a/title.akas.tsv.gz"),
            ("/data/Some-File.gz", "some_file", "file:/data/Some-File.gz"),
            ("file:/data/x.tsv", "x", "file:/data/x.tsv"),
            ("file:///data/x.tsv.gz", "x", "file:/data/x.tsv.gz"),
        ]
    )
    func named(text: String, dataset: String, location: String) throws {
        let source = try SourceDeclaration(text)
        #expect(source.dataset == dataset)
        #expect("\(source.location)" == location)
    }

    @Test(
        "what names no file is refused",
        arguments: [
            "", "x.tsv.gz", "../x.gz", "file:x.gz", "file://host/x.gz", "/data/", "/data/.hidden",
            "/data/a b.gz", "/data/1.gz", "https://h/", "https://h/.x", "https://u@h/x.gz",
            "ftp://h/x.gz", "/data/x\n.gz",
        ]
    )
    func refused(text: String) {
        #expect(throws: SourceError.self) { try SourceDeclaration(text) }
    }

    @Test("an unknown dataset is told with those that resemble it, a double one is refused")
    func unknown() throws {
        let sources = try SourceLibrary(files: [])
        #expect {
            try sources.sources(named: ["title_aka"])
        } throws: { "\($0)".contains("title_akas") }
        #expect(throws: SourceError.twice("title_akas")) {
            try sources.sources(named: ["title_akas", "/mirror/title.akas.tsv.gz"])
        }
    }
}
