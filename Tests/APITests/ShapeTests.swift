import API
import Testing

/// The JSON that scripts rely on, key by key; product.md section 2.
@Suite("JSON shapes")
struct ShapeTests {
    private func text(_ value: some Encodable) -> String {
        String(decoding: JSON.encode(value), as: UTF8.self)
    }

    @Test("a submit's answer is its id")
    func submit() { #expect(text(SubmitResponse(id: "7")) == #"{"id":"7"}"#) }

    @Test("a listed job has all keys, with null for what is not known")
    func jobSummary() {
        let job = JobSummary(id: "7", name: "imdb", state: .pending, created: "c")
        #expect(
            text(job)
                == #"{"created":"c","ended":null,"id":"7","name":"imdb","pool":null,"reason":null,"#
                + #""started":null,"state":"PENDING"}"#
        )
    }

    @Test("a job's status has the keys of product.md, its steps with counts by column")
    func jobStatus() {
        let step = StepStatus(
            index: 0,
            needs: [],
            job: "j",
            table: "t",
            state: .running,
            rows: 1,
            rejected: 2,
            chunks: ChunkCounts(total: 3, done: 4, running: 5),
            attempts: 6,
            bytesIn: 7,
            bytesOut: 8,
            inputBytes: 9,
            inputReadBytes: 10,
            conversionFailures: ["birthYear": 11]
        )
        let status = JobStatus(id: "7", name: "imdb", state: .running, created: "c", steps: [step])
        #expect(
            text(status)
                == #"{"attempts_detail":null,"created":"c","ended":null,"id":"7","name":"imdb","#
                + #""pool":null,"reason":null,"started":null,"state":"RUNNING","steps":[{"attempts":6,"bytes_in":7,"#
                + #""bytes_out":8,"chunks":{"done":4,"running":5,"total":3},"#
                + #""conversion_failures":{"birthYear":11},"ended":null,"index":0,"input_bytes":9,"#
                + #""input_read_bytes":10,"job":"j","kind":null,"needs":[],"reason":null,"#
                + #""rejected":2,"rows":1,"schema":null,"snapshot":null,"started":null,"state":"RUNNING","table":"t"}]}"#
        )
    }

    @Test("attempts that did not finish are told with their workers and causes")
    func attempts() {
        let attempt = AttemptSummary(
            attempt: "9",
            step: 0,
            chunk: 3,
            worker: "2",
            host: "h",
            pid: 5,
            outcome: .notStored,
            cause: "why",
            started: "s",
            ended: "e"
        )
        #expect(
            text(AttemptsDetail(counts: ["FINISHED": 7], troubles: [attempt]))
                == #"{"counts":{"FINISHED":7},"troubles":[{"attempt":"9","cause":"why","chunk":3,"#
                + #""ended":"e","host":"h","outcome":"NOT_STORED","pid":5,"started":"s","step":0,"#
                + #""worker":"2"}]}"#
        )
    }

    @Test("a status that an older release recorded is read")
    func olderStatus() throws {
        let older = #"{"id":"7","name":"n","state":"DONE","created":"c","steps":[]}"#
        let status = try JSON.decode(JobStatus.self, from: Array(older.utf8))
        #expect(status.attemptsDetail == nil)
        #expect(status.state == .done)
    }

    @Test("workers and pools have the keys of product.md")
    func cluster() {
        let worker = WorkerSummary(
            id: "1",
            pool: "p",
            host: "h",
            pid: 2,
            state: .ready,
            slots: 3,
            running: 4,
            done: 5,
            joined: "j"
        )
        #expect(
            text(worker)
                == #"{"done":5,"host":"h","id":"1","identity":null,"joined":"j","name":null,"#
                + #""pid":2,"pool":"p","reason":null,"running":4,"slots":3,"state":"READY"}"#
        )
        let token = TokenSummary(
            id: "1",
            pool: "p",
            name: "n",
            state: .waiting,
            created: "c",
            expires: "e"
        )
        #expect(
            text(token)
                == #"{"created":"c","expires":"e","id":"1","name":"n","pool":"p","#
                + #""state":"WAITING"}"#
        )
        let pool = PoolSummary(
            name: "p",
            provider: "process",
            state: .exhausted,
            workers: 1,
            wanted: 2,
            minWorkers: 3,
            maxWorkers: 4
        )
        #expect(
            text(pool)
                == #"{"max_workers":4,"min_workers":3,"name":"p","provider":"process","#
                + #""reason":null,"state":"EXHAUSTED","wanted":2,"workers":1}"#
        )
    }

    @Test("tables and versions of the store have the keys of product.md")
    func store() {
        let table = TableSummary(
            schema: "ott",
            table: "t",
            rows: 1,
            files: 2,
            bytes: 3,
            snapshot: 4
        )
        #expect(
            text(table)
                == #"{"bytes":3,"files":2,"job":null,"rows":1,"schema":"ott","snapshot":4,"table":"t"}"#
        )
        let snapshot = SnapshotSummary(id: 1, time: "t", changes: "c")
        #expect(
            text(snapshot) == #"{"changes":"c","id":1,"job":null,"message":null,"time":"t"}"#
        )
        #expect(
            text(StoreLocation(catalog: "/a/b", dataPath: "/a/"))
                == #"{"catalog":"/a/b","data_path":"/a/"}"#
        )
    }

    @Test("states are spelled as product.md spells them")
    func states() {
        #expect(
            JobState.allCases.map(\.rawValue)
                == ["PENDING", "RUNNING", "DONE", "ERROR", "CANCELLED", "SKIPPED"]
        )
        #expect(
            WorkerState.allCases.map(\.rawValue)
                == ["STARTING", "READY", "SUSPECT", "DRAINING", "LOST", "STOPPED"]
        )
        #expect(
            PoolState.allCases.map(\.rawValue)
                == ["EMPTY", "ACQUIRING", "ACTIVE", "READY", "EXHAUSTED", "DRAINING"]
        )
        #expect(JobState.allCases.filter { !$0.isEnded } == [.pending, .running])
    }
}
