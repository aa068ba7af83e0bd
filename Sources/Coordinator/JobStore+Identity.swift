import Base
import Database
import Identity

/// Whom the cluster knows besides its workers of the moment: join tokens and revoked identities.
///
/// Kept in the job store, because what is used or revoked must stay so after a crash.
extension JobStore {
    /// Tokens that wait to be used, at most; a rack of machines is joined with fewer.
    static let waitingTokens = 1000
    /// How long a token is remembered that can be used no more, so that whoever shows it is told why.
    static let tokenMemory = Duration.seconds(7 * 86_400)

    /// A join token as it is kept: without its secret.
    struct TokenRecord: Sendable, Equatable {
        let id: Int64
        let pool: PoolID
        /// Of the worker that joins with it.
        let name: String
        let created: String
        let expires: String
        let used: String?
    }

    /// Keeps a token's hash and gives it a number; nil when too many wait already.
    func insertToken(
        _ hash: TokenHash,
        pool: PoolID,
        name: String,
        at now: WallTime,
        expires: WallTime,
        _ completion: @escaping (Result<Int64?, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.transaction { () throws(DatabaseError) in
                try database.run(
                    "DELETE FROM join_token WHERE coalesce(used, expires) < ?",
                    [.text((now - Self.tokenMemory).rfc3339)]
                )
                let waiting = try database.query(
                    "SELECT count(*) FROM join_token WHERE used IS NULL AND expires > ?",
                    [.text(now.rfc3339)]
                ) { (row) throws(DatabaseError) in try row.integer(0) }
                guard (waiting.first ?? 0) < Self.waitingTokens else { return nil }
                try database.run(
                    "INSERT INTO join_token (hash, pool, name, created, expires) "
                        + "VALUES (?, ?, ?, ?, ?)",
                    [
                        .text(hexadecimal(hash.bytes)), .text(pool.rawValue), .text(name),
                        .text(now.rfc3339), .text(expires.rfc3339),
                    ]
                )
                return database.lastInsertedRowID
            }
        }
    }

    /// All tokens that are remembered, the oldest first.
    func tokens(_ completion: @escaping (Result<[TokenRecord], DatabaseError>) -> Void) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.tokens(database, "ORDER BY id", [])
        }
    }

    /// Forgets a token, which cannot be used then; false when there is none of that number.
    func removeToken(
        _ id: Int64,
        _ completion: @escaping (Result<Bool, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run("DELETE FROM join_token WHERE id = ?", [.integer(id)])
            return database.changedRows > 0
        }
    }

    /// What is kept of the token with this secret.
    ///
    /// An index may look for it: how much of a hash is the same tells nothing about a secret.
    func token(
        _ hash: TokenHash,
        _ completion: @escaping (Result<TokenRecord?, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try Self.tokens(database, "WHERE hash = ?", [.text(hexadecimal(hash.bytes))]).first
        }
    }

    /// Uses a token up; false when somebody else was faster.
    func useToken(
        _ id: Int64,
        at now: WallTime,
        _ completion: @escaping (Result<Bool, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "UPDATE join_token SET used = ? WHERE id = ? AND used IS NULL",
                [.text(now.rfc3339), .integer(id)]
            )
            return database.changedRows > 0
        }
    }

    private static func tokens(
        _ database: Database.Connection,
        _ condition: String,
        _ values: [Value]
    ) throws(DatabaseError) -> [TokenRecord] {
        try database.query(
            "SELECT id, pool, name, created, expires, used FROM join_token " + condition,
            values
        ) { (row) throws(DatabaseError) in
            TokenRecord(
                id: try row.integer(0),
                pool: PoolID(try row.text(1)),
                name: try row.text(2),
                created: try row.text(3),
                expires: try row.text(4),
                used: row.optionalText(5)
            )
        }
    }

    // MARK: Revoked identities

    /// Revokes an identity for good; doing so again changes nothing.
    func revoke(
        pool: PoolID,
        name: String,
        at now: WallTime,
        _ completion: @escaping (Result<Void, DatabaseError>) -> Void
    ) {
        perform(completion) { (database) throws(DatabaseError) in
            try database.run(
                "INSERT INTO revoked_identity (pool, name, revoked) VALUES (?, ?, ?) "
                    + "ON CONFLICT (pool, name) DO NOTHING",
                [.text(pool.rawValue), .text(name), .text(now.rfc3339)]
            )
        }
    }

    /// All revoked identities; blocks, for the start of the process.
    func revokedIdentities() throws(DatabaseError) -> [Subject] {
        try performNow { (database) throws(DatabaseError) in
            try database.query("SELECT pool, name FROM revoked_identity") {
                (row) throws(DatabaseError) in
                .worker(pool: PoolID(try row.text(0)), name: try row.text(1))
            }
        }
    }
}
