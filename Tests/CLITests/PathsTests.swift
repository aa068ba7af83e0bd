import CLI
import Testing

@Suite("Paths")
struct PathsTests {
    @Test(
        "a path is made absolute without looking at the disk",
        arguments: [
            ("data", "/home/u/data"), ("./a/../b//c/", "/home/u/b/c"), ("/x/./y", "/x/y"),
            ("../../..", "/"), ("*.gz", "/home/u/*.gz"), ("/", "/"),
        ]
    )
    func absolute(path: String, expected: String) {
        #expect(Paths.absolute(path, in: "/home/u") == expected)
    }

    @Test("names are names and paths are paths")
    func jobFiles() {
        #expect(["a/b", "./x", "job.yaml", "job.yml"].allSatisfy(Paths.isJobFile))
        #expect(!["imdb", "title_akas", "yaml"].contains(where: Paths.isJobFile))
    }
}
