/// Which tables and views a text of SQL speaks of.
package enum SQLNames {
    /// Whether `schema.name` stands in the SQL, quoted or not; not so in strings and comments.
    ///
    /// Names know no case.
    package static func mentions(_ sql: String, schema: String, name: String) -> Bool {
        let tokens: [SQLToken]
        do throws(QueryRefusal) {
            tokens = try SQLLexer.tokens(of: sql)
        } catch {
            // What is no SQL names nothing.
            return false
        }
        let (schema, name) = (schema.lowercased(), name.lowercased())
        return zip(zip(tokens, tokens.dropFirst()), tokens.dropFirst(2)).contains { pair, last in
            pair.0.name == schema && pair.1 == .symbol(".") && last.name == name
        }
    }
}
