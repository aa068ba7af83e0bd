import API
import Testing

@testable import Coordinator

@Suite("The page for people")
struct OverviewPageTests {
    @Test("names of jobs and reasons are text, whatever they hold")
    func hostileText() {
        let job = JobSummary(
            id: "1",
            name: "<script>alert('x')</script>",
            state: .error,
            reason: "\"&'",
            created: "2026-11-23T00:00:00Z"
        )
        let page = OverviewPage(
            cluster: "<b>",
            pools: [],
            workers: [],
            jobs: [job],
            tables: []
        ).html
        #expect(!page.contains("<script"))
        #expect(!page.contains("<b>"))
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
        #expect(page.contains("&quot;&amp;&#39;"))
    }

    @Test("a list that is cut says so")
    func longList() {
        let jobs = (1...60).map {
            JobSummary(id: "\($0)", name: "j", state: .done, created: "2026-11-23T00:00:00Z")
        }
        let page = OverviewPage(cluster: "c", pools: [], workers: [], jobs: jobs, tables: [])
        #expect(page.html.contains("the newest 50 of 60"))
    }
}
