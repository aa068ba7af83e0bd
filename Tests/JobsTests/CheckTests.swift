import Jobs
import Testing

@Suite("checks of a job file")
struct CheckTests {
    private func checks(_ text: String) throws -> [CheckDeclaration] {
        let columns = "[{name: id, type: string}, {name: n, type: int32}]"
        let file = "{job: t, input: t.gz, table: t, columns: \(columns), checks: \(text)}"
        guard case .table(let job) = try JobFile.parse(text: file, file: "t.yaml") else {
            throw FixtureError.notATable
        }
        return job.checks
    }

    @Test("every kind is read, in one mapping or in a list of them")
    func kinds() throws {
        let found = try checks(
            """
            {unique: [id, n], not_null: [id, n], range: {column: n, min: -1, max: 5.5},
             pattern: {column: id, matches: '^tt'}, allowed: {column: id, values: [a, 'b']},
             references: {column: id, table: other, key: key}, row_count: {min: 3, max_drop: 0.5},
             distribution: {column: id, top: 7}}
            """
        )
        #expect(
            found.map(\.kind) == [
                .unique(["id", "n"]), .notNull("id"), .notNull("n"),
                .range("n", minimum: "-1", maximum: "5.5"), .pattern("id", "^tt"),
                .allowed("id", ["a", "b"]),
                .references("id", schema: "ott", table: "other", key: "key"),
                .rowCount(.init(minimum: 3, maxDrop: 0.5, maxGrowth: nil)),
                .distribution("id", top: 7, maxChange: 0.1),
            ]
        )
        #expect(found.allSatisfy { $0.severity == .error && $0.maxRows == 0 })
        let list = try checks("[{unique: [id]}, {not_null: [n], severity: warn, max_rows: 9}]")
        #expect(list.map(\.name) == ["unique(id)", "not_null(n)"])
        #expect(list.map(\.severity) == [.error, .warn])
        #expect(list.map(\.maxRows) == [0, 9])
    }
}
