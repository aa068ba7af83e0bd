import FuzzSupport
import Jobs

/// A user's job file, which comes over HTTP: declared or refused with a place in it.
enum JobFilesFuzzer: FuzzTarget {
    private static let seedTexts = [
        """
        job: sales
        input: "${year}/*.tsv.gz"
        format: {kind: tsv, null: '\\N', header: true, line_end: crlf}
        table: sales
        schema: shop
        parameters: {year: '2026'}
        columns:
          - {name: id, type: int64, required: true}
          - {name: tags, type: list<string>, separator: "\\x02"}
          - {name: roles, type: list<string>, format: json}
          - {name: day, type: date}
        write: append
        cluster_by: [id, day]
        checks: {unique: [id]}
        rejects: {max_rows: 10, max_share: 0.5}
        allow_empty: true
        views:
          - {name: sales_tags, unnest: tags, as: tag, keep: [id]}

        """,
        "workflow: all\njobs: [title_akas, title_crew]\n",
        "{job: a, input: b, table: c, columns: [{name: d, type: float64}]}",
    ]

    static var seeds: [[UInt8]] { seedTexts.map { Array($0.utf8) } }

    static func read(_ bytes: UnsafeRawBufferPointer) {
        let text = FuzzInput(bytes).text
        do throws(ConfigurationError) {
            let file = try JobFile.parse(text: text, file: "job.yaml")
            precondition(!file.name.isEmpty, "a job without a name")
        } catch {
            let lines = text.unicodeScalars.count { $0.properties.isPatternWhitespace } + 2
            precondition((0...lines).contains(error.line), "a place outside of the file")
            precondition(!error.message.isEmpty, "an error without a message")
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
package func begin(_: UnsafeRawPointer, _: UnsafeRawPointer) -> CInt { JobFilesFuzzer.begin() }
