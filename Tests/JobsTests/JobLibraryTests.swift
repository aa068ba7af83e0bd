import Columns
import Jobs
import Testing

@Suite("the library of jobs")
struct JobLibraryTests {
    private static let imdb = [
        "name_basics", "title_akas", "title_basics", "title_crew", "title_episode",
        "title_principals", "title_ratings",
    ]

    private static func table(_ name: String) throws -> JobDeclaration {
        let job = try JobLibrary(directories: []).resolve(name, set: [:])[0]
        guard case .table(let declaration) = job.work else { throw FixtureError.notATable }
        return declaration
    }

    @Test("embeds every file of the folders jobs, workflows and sources, and nothing else")
    func embedded() throws {
        var folders = ["workflows"]
        folders += folderContents(repositoryRoot + "/jobs").map { "jobs/" + $0 }
        let paths = folders.flatMap { folder in
            folderContents(repositoryRoot + "/" + folder).map { folder + "/" + $0 }
        }
        #expect(ShippedJobs.files.map(\.path).sorted() == paths.sorted())
        for (path, text) in ShippedJobs.files {
            #expect(try contents(repositoryRoot + "/" + path) == text)
        }
        let sources = folderContents(repositoryRoot + "/sources")
        #expect(ShippedJobs.sources.map(\.path).sorted() == sources.sorted())
        for (path, text) in ShippedJobs.sources {
            #expect(try contents(repositoryRoot + "/sources/" + path) == text)
        }
    }

    @Test("embeds every view of the folder views, and nothing else")
    func embeddedViews() throws {
        let names = ShippedViews.all.map(\.name)
        #expect(names.map { $0 + ".sql" } == folderContents(repositoryRoot + "/views").sorted())
        for (name, sql) in ShippedViews.all {
            #expect(try contents(repositoryRoot + "/views/\(name).sql") == sql)
        }
    }

    @Test("knows the seven IMDb jobs, their workflow and the selftest")
    func names() throws {
        let expected = (Self.imdb + ["imdb", "selftest"]).sorted()
        #expect(try JobLibrary(directories: []).names == expected)
    }

    @Test("ends the workflow imdb with all shipped views and a report of its seven tables")
    func endOfWorkflow() throws {
        let jobs = try JobLibrary(directories: []).resolve("imdb", set: [:])
        #expect(jobs.count == 16)
        let (views, quality) = (jobs[14], jobs[15])
        guard case .action(.views(let names)) = views.work,
            case .action(.quality(let tables)) = quality.work
        else {
            Issue.record("\(views.name), \(quality.name)")
            return
        }
        #expect(names.sorted() == ShippedViews.all.map(\.name))
        #expect(tables.map(\.name).sorted() == Self.imdb)
        #expect(views.rules.needs == Array(7..<14))
        #expect(quality.rules.needs == Array(7..<15))
        #expect(!views.rules.onlyIfChanged && quality.rules.onlyIfChanged)
        #expect(try JobLibrary(directories: []).shippedJobs.map(\.name) == Self.imdb)
    }

    @Test("gives the ingest of seven files and their loads for the workflow imdb")
    func workflow() throws {
        let jobs = try JobLibrary(directories: []).resolve("imdb", set: [:])
        let (ingests, loads) = (jobs.prefix(7), jobs.dropFirst(7).prefix(7))
        #expect(ingests.map(\.name).sorted() == Self.imdb.map { "ingest_" + $0 })
        #expect(ingests.allSatisfy { $0.rules.needs.isEmpty && $0.rules.retries > 0 })
        #expect(loads.map(\.name).sorted() == Self.imdb)
        for job in loads {
            let file = job.name.replacing("_", with: ".", maxReplacements: 1) + ".tsv.gz"
            #expect(job.input == file)
            #expect(job.rules.needs == Array(0..<7))
            #expect(job.rules.onlyIfChanged)
            #expect(job.rules.timeout?.duration(sizeBytes: 1 << 20) == .seconds(3600))
            #expect(job.rules.timeout?.duration(sizeBytes: 100 << 20) == .seconds(3 * 3600))
            #expect(job.rules.timeout?.duration(sizeBytes: nil) == .seconds(12 * 3600))
        }
    }

    @Test(
        "ships the tables of the IMDb files, column for column",
        arguments: [
            ("title_ratings", "tconst:s averageRating:f numVotes:i", ["tconst"]),
            ("title_episode", "tconst:s parentTconst:s seasonNumber:i episodeNumber:i", ["tconst"]),
            ("title_crew", "tconst:s directors:, writers:,", ["tconst"]),
            (
                "title_basics",
                "tconst:s titleType:s primaryTitle:s originalTitle:s isAdult:b startYear:s "
                    + "endYear:s runtimeMinutes:i genres:,", ["tconst"]
            ),
            (
                "name_basics",
                "nconst:s primaryName:s birthYear:i deathYear:i primaryProfession:, "
                    + "knownForTitles:,", ["nconst"]
            ),
            (
                "title_akas",
                "titleId:s ordering:i title:s region:s language:s types:\u{2} attributes:\u{2} "
                    + "isOriginalTitle:b", ["titleId", "ordering"]
            ),
            (
                "title_principals",
                "tconst:s ordering:i nconst:s category:s job:s characters:j",
                ["tconst", "ordering"]
            ),
        ]
    )
    func tables(name: String, columns: String, key: [String]) throws {
        let job = try Self.table(name)
        let letters: [Substring: ColumnType] = [
            "s": .string, "i": .int32, "f": .float64, "b": .boolean, "j": .jsonList,
            ",": .list(separator: 0x2C), "\u{2}": .list(separator: 2),
        ]
        let declared = job.transform.columns
        let expected = columns.split(separator: " ").map { $0.split(separator: ":") }
        #expect(declared.map(\.name) == expected.map { String($0[0]) })
        #expect(declared.map(\.type) == expected.map { letters[$0[1]] })
        #expect(declared.filter(\.isRequired).map(\.name) == [key[0]])
        #expect(job.transform.clusterBy.map { declared[$0].name } == key)
        #expect(job.checks.map(\.kind) == (key.isEmpty ? [] : [.unique(key)]))
        #expect(job.table == name)
        #expect(job.schema == "ott")
        #expect(job.write == .replace)
        #expect(job.transform.nullMarker == Array(#"\N"#.utf8))
    }

    @Test("ships the seven unfolded views")
    func views() throws {
        let views = try Self.imdb.flatMap { try Self.table($0).views }
        let sql = Dictionary(uniqueKeysWithValues: views.map { ($0.name, $0.sql) })
        #expect(
            sql == [
                "title_basics_genres":
                    #"SELECT "tconst", unnest("genres") AS "genre" FROM "ott"."title_basics""#,
                "title_crew_directors":
                    #"SELECT "tconst", unnest("directors") AS "director_id" FROM "ott"."title_crew""#,
                "title_crew_writers":
                    #"SELECT "tconst", unnest("writers") AS "writer_id" FROM "ott"."title_crew""#,
                "name_basics_professions":
                    #"SELECT "nconst", unnest("primaryProfession") AS "profession" "#
                    + #"FROM "ott"."name_basics""#,
                "name_basics_known_titles":
                    #"SELECT "nconst", unnest("knownForTitles") AS "title_id" "#
                    + #"FROM "ott"."name_basics""#,
                "title_akas_types":
                    #"SELECT "titleId", "ordering", unnest("types") AS "type" "#
                    + #"FROM "ott"."title_akas""#,
                "title_akas_attributes":
                    #"SELECT "titleId", "ordering", unnest("attributes") AS "attribute" "#
                    + #"FROM "ott"."title_akas""#,
            ]
        )
    }

    @Test("reads the example of another data set")
    func example() throws {
        let text = try contents(repositoryRoot + "/examples/sensor_readings.yaml")
        let jobs = try JobLibrary(directories: [])
            .resolve(fileText: text, file: "sensors.yaml", set: ["day": "2026-11-24"])
        #expect(jobs.map(\.input) == ["sensors/readings-2026-11-24.tsv.gz"])
        let job = try declaration(text)
        #expect(
            job.transform.columns.map(\.type.storage) == [
                .string, .date, .timestamp, .int64, .float64, .boolean, .stringList,
            ]
        )
        #expect(job.allowEmpty)
        #expect(job.views.map(\.name) == ["reading_flags", "daily_means"])
    }

    @Test("reads the *.yaml of further folders and nothing else in them")
    func folders() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", jobText("job: a"))
        try folder.write("w.yaml", "workflow: w\njobs: [a, title_akas]\n")
        try folder.write("notes.txt", "no: job")
        try folder.write(".hidden.yaml", "no: job")
        let library = try JobLibrary(directories: [folder.path])
        #expect(library.names.count == 11)
        #expect(try library.resolve("w", set: [:]).map(\.name) == ["a", "title_akas"])
        #expect(try library.resolve("a", set: [:])[0].source == folder.path + "/a.yaml")
    }

    @Test(
        "refuses folders with what is wrong in them",
        arguments: [
            ("title_akas.yaml", jobText("job: title_akas"), "shipped:jobs/imdb/title_akas.yaml"),
            ("w.yaml", "workflow: w\njobs: [title_aka]", "w.yaml:2:8: no job is named 'title_aka'"),
            ("w.yaml", "workflow: w\njobs: [imdb]", "w.yaml:2:8: 'imdb' is a workflow"),
            ("s.yaml", "selftest: {tasks: 5}", "'selftest' is already the name of built-in"),
            ("x.yaml", "job: [", "x.yaml:2:1: not YAML"),
        ]
    )
    func wrongFolders(name: String, text: String, message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(name, text)
        let error = #expect(throws: ConfigurationError.self) {
            _ = try JobLibrary(directories: [folder.path])
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.file == folder.path + "/" + name)
    }

    @Test("names a folder that is missing")
    func missingFolder() {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try JobLibrary(directories: ["/nowhere/jobs"])
        }
        #expect(error?.description.contains("/nowhere/jobs: the job files in it") == true)
    }

    @Test("names near names for an unknown one, and all names where none is near")
    func unknown() throws {
        let library = try JobLibrary(directories: [])
        #expect {
            try library.resolve("title_aks", set: [:])
        } throws: { error in
            "\(error)" == "no job or workflow is named 'title_aks'; did you mean 'title_akas'?"
        }
        #expect {
            try library.resolve("sales", set: [:])
        } throws: { error in
            "\(error)".hasSuffix("known are \(library.names.joined(separator: ", "))")
        }
    }

    @Test("fills parameters into the input, of --set before the defaults")
    func parameters() throws {
        let text = jobText("input: ${a}/$x-${b}.gz", "parameters: {a: one, b: two}")
        let library = try JobLibrary(directories: [])
        func input(_ set: [String: String]) throws -> String? {
            try library.resolve(fileText: text, file: "j.yaml", set: set)[0].input
        }
        #expect(try input([:]) == "one/$x-two.gz")
        #expect(try input(["b": "${a}"]) == "one/$x-${a}.gz")
        let job = try library.resolve(fileText: text, file: "j.yaml", set: ["a": "1"])[0]
        #expect(job.parameters == ["a": "1", "b": "two"])
    }

    @Test("a stored job's text, source and parameters give the same job again")
    func storedAgain() throws {
        let library = try JobLibrary(directories: [])
        let text = jobText("input: ${a}.gz", "parameters: {a: one}")
        let jobs =
            try Self.imdb.flatMap { try library.resolve($0, set: [:]) }
            + library.resolve("selftest", set: ["tasks": "9", "fail_at": "7", "sleep": "0.1s"])
            + library.resolve(fileText: text, file: "j.yaml", set: ["a": "two"])
        #expect(jobs.count == 9)
        for job in jobs {
            let again = try library.resolve(
                fileText: job.text,
                file: job.source,
                set: job.parameters
            )
            #expect(again == [job])
        }
    }

    @Test("sets the values of a selftest")
    func selftest() throws {
        let set = ["tasks": "20000", "sleep": "0.1s", "crash_at": "19999"]
        let job = try JobLibrary(directories: []).resolve("selftest", set: set)[0]
        var expected = SelftestDeclaration()
        expected.tasks = 20_000
        expected.sleep = .milliseconds(100)
        expected.crashAt = 19_999
        #expect(job.work == .selftest(expected))
        #expect(job.input == nil)
    }

    @Test("a workflow hands a parameter to those of its jobs that declare it")
    func workflowParameters() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", jobText("job: a", "input: ${day}.gz", "parameters: {day: 1}"))
        try folder.write("b.yaml", jobText("job: b"))
        try folder.write("w.yaml", "workflow: w\njobs: [a, b]\n")
        let library = try JobLibrary(directories: [folder.path])
        let jobs = try library.resolve("w", set: ["day": "2"])
        #expect(jobs.map(\.input) == ["2.gz", "sales.tsv.gz"])
        #expect(jobs.map(\.parameters) == [["day": "2"], [:]])
    }

    @Test(
        "refuses wrong --set values with one line",
        arguments: [
            ("title_akas", "day", "1", "'title_akas' has no parameter 'day' to --set; it has none"),
            ("imdb", "day", "1", "'imdb' has no parameter 'day' to --set; it has none"),
            ("selftest", "task", "1", "did you mean 'tasks'?"),
            ("selftest", "tasks", "0", "--set tasks: 'tasks' must be a whole number from 1"),
            ("selftest", "tasks", "", "not ''"),
            ("selftest", "fail_at", "100", "from 0 to 99"),
            ("w", "day", "https://x/", "with 'otjob ingest'"),
            ("w", "day", "../x", "must not hold '..'"),
            ("w", "day", "a\nb", "without control characters"),
            ("selftest", "sleep", "1\n\u{1B}[2J", #"not '1\u{A}\u{1B}[2J'"#),
            ("w", "dya", "x", "did you mean 'day'? it has 'day'"),
        ]
    )
    func wrongSet(name: String, key: String, value: String, message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("w.yaml", jobText("job: w", "input: ${day}.gz", "parameters: {day: x}"))
        let library = try JobLibrary(directories: [folder.path])
        let error = #expect(throws: JobError.self) {
            _ = try library.resolve(name, set: [key: value])
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }

    @Test("a wrong file that was sent whole is an error with its place")
    func wrongFile() throws {
        let library = try JobLibrary(directories: [])
        let error = #expect(throws: JobError.self) {
            _ = try library.resolve(fileText: "job: a\nfoo: b", file: "mine.yaml", set: [:])
        }
        #expect(error?.description.hasPrefix("mine.yaml:2:1: unknown key 'foo'") == true)
    }
}
