import Base
import Testing

@testable import Dataproc

@Suite("Filters and pages")
struct FilterTests {
    private func matches(_ text: String) throws -> Bool {
        let filter = try Filter(
            text,
            texts: ["status.state", "cluster_name"],
            times: ["insert_time"]
        )
        return filter.matches(
            labels: ["env": "test", "teamName": "x"],
            [
                "status.state": .text(
                    "RUNNING",
                    groups: ["ACTIVE": ["RUNNING"], "INACTIVE": ["ERROR"]]
                ),
                "cluster_name": .text("etl"),
                "insert_time": .time(WallTime(microseconds: 1_000_000)),
            ]
        )
    }

    @Test(
        "these hold",
        arguments: [
            "", "  ", "{}", "status.state = ACTIVE", "status.state=RUNNING AND clusterName = etl",
            "status.state = RUNNING labels.env = test", "labels.env = *", "clusterName = \"etl\"",
            "labels.teamName = x", #"insertTime > "1970-01-01T00:00:00Z""#,
            #"insertTime <= "1970-01-01T00:00:01Z""#,
            #"{"cluster_name": "etl", "operation_state_matcher": "ACTIVE"}"#,
        ]
    )
    func holding(text: String) throws {
        #expect(try matches(text))
    }

    @Test(
        "these do not hold",
        arguments: [
            "status.state = INACTIVE", "status.state = ERROR", "labels.none = *",
            "labels.env = prod",
            "clusterName = etl AND labels.env = prod", #"insertTime < "1970-01-01T00:00:01Z""#,
        ]
    )
    func failing(text: String) throws {
        #expect(try !matches(text))
    }

    @Test(
        "these are refused",
        arguments: [
            "status.state", "status.state =", "= RUNNING", "size = 3", "clusterName < etl",
            "insertTime > yesterday", "clusterName = \"etl", "{\"a\": 1}", "{",
        ]
    )
    func refused(text: String) {
        #expect(throws: RPCError.self) { try matches(text) }
    }

    @Test("pages together hold each item once, and only the last has no token")
    func pages() throws {
        let items = (0..<25).map { (key: Int64($0).padded(to: 3), item: $0) }
        var seen: [Int] = []
        var token: String?
        repeat {
            let query = try Query(
                ["pageSize": "10", "pageToken": token ?? ""],
                allowed: ["pageSize", "pageToken"]
            )
            let page = try Page.answer("items", items, query) { .integer($0) }
            seen += page["items"]?.elements.compactMap(\.integer) ?? []
            token = page["nextPageToken"]?.text
        } while token != nil
        #expect(seen == Array(0..<25))
    }

    @Test("a token that is none of ours is refused", arguments: ["x", "zz", "a"])
    func badToken(token: String) throws {
        let query = try Query(["pageToken": token], allowed: ["pageToken"])
        #expect(throws: RPCError.self) {
            try Page.answer("items", [(key: "a", item: 1)], query) { .integer($0) }
        }
    }
}
