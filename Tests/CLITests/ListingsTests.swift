import API
import CLI
import Testing

@Suite("Listings")
struct ListingsTests {
    @Test("jobs are listed with times as people read them")
    func jobs() {
        let jobs = [
            JobSummary(
                id: "12",
                name: "imdb",
                state: .error,
                reason: "line 3 is bad",
                pool: "zone-a",
                created: "2026-11-23T20:08:10.123456Z",
                started: "2026-11-23T20:08:11Z",
                ended: "2026-11-23T20:10:11Z"
            ),
            JobSummary(id: "2", name: "x", state: .pending, created: "2026-11-23T20:00:00Z"),
        ]
        #expect(
            Listings.text(of: jobs, .plain) == """
                ID  JOB   STATE    POOL    CREATED               TIME  REASON
                12  imdb  ERROR    zone-a  2026-11-23 20:08:10Z  2:00  line 3 is bad
                 2  x     PENDING  -       2026-11-23 20:00:00Z     -  -

                """
        )
    }

    @Test("a job whose attempts did not all finish tells of them, the newest last")
    func attempts() {
        let attempts = (1...12).map { number in
            AttemptSummary(
                attempt: "\(number)",
                step: 0,
                chunk: number,
                worker: "2",
                host: "alpha",
                pid: 41,
                outcome: .lost,
                cause: "lost with its worker: signal 9",
                started: "2026-11-23T20:00:00Z",
                ended: "2026-11-23T20:00:01Z"
            )
        }
        var status = JobStatus(id: "7", name: "x", state: .running, created: "c", steps: [])
        let quiet = Listings.text(of: status, .plain)
        status.attemptsDetail = AttemptsDetail(counts: ["FINISHED": 1200])
        #expect(Listings.text(of: status, .plain) == quiet)
        status.attemptsDetail = AttemptsDetail(
            counts: ["LOST": 12, "FINISHED": 1200, "NOT_STORED": 1],
            troubles: attempts
        )
        let lines = Listings.text(of: status, .plain).dropFirst(quiet.count)
            .split(separator: "\n")
        #expect(
            lines.first
                == "attempts: 1,200 finished, 12 lost, 1 not stored; all that is known: otjob logs 7"
        )
        #expect(lines.count == 12)
        #expect(
            lines.last.map(String.init)?.hasSuffix(
                "0/12        2  alpha   41  LOST     2026-11-23 20:00:01Z  lost with its worker: "
                    + "signal 9"
            ) == true
        )
    }

    @Test("an empty listing is its titles")
    func empty() {
        #expect(Listings.text(of: [JobSummary](), .plain).split(separator: "\n").count == 1)
        #expect(Listings.text(of: [SnapshotSummary]()) == "ID  TIME  JOB  MESSAGE  CHANGES\n")
    }

    @Test("a plan is numbered and says that its chunks are an estimate")
    func plan() {
        let step = ExplainedStep(
            job: "title_akas",
            table: "title_akas",
            input: "/in/a.gz",
            bytes: 1 << 20,
            chunksEstimate: 4,
            needs: [1, 2, 3, 5],
            onlyIfChanged: true
        )
        #expect(
            Listings.text(of: Explanation(pool: nil, steps: [step]), .plain) == """
                pool none is ready
                #  NEEDS   WHEN     JOB         TABLE         BYTES  CHUNKS  INPUT
                1  1-3, 5  changed  title_akas  title_akas  1.0 MiB      ~4  /in/a.gz

                """
        )
    }

    @Test("pools say why they cannot be had")
    func pools() {
        let pool = PoolSummary(
            name: "zone-a",
            provider: "process",
            state: .exhausted,
            workers: 0,
            wanted: 2,
            minWorkers: 1,
            maxWorkers: 8,
            reason: "workers\nend at once"
        )
        #expect(
            Listings.text(of: [pool], .plain) == """
                POOL    PROVIDER  STATE      WORKERS  WANTED  MIN  MAX  REASON
                zone-a  process   EXHAUSTED        0       2    1    8  workers end at once

                """
        )
    }
}
