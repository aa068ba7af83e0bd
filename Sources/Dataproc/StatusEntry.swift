package import Base

/// A state that a cluster, a job or an operation is or was in, and since when.
package struct StatusEntry: Codable, Equatable, Sendable {
    package var state: String
    package var substate: String?
    /// Why it is so, for people.
    package var detail: String?
    /// RFC 3339.
    package var start: String

    package init(
        _ state: String,
        substate: String? = nil,
        detail: String? = nil,
        at time: WallTime
    ) {
        self.state = state
        self.substate = substate
        self.detail = detail
        start = time.rfc3339
    }

    /// `detailKey`: clusters call it `detail`, the others `details`.
    func json(detailKey: String) -> JSONValue {
        .make([
            "state": .string(state), "substate": substate.map { .string($0) },
            detailKey: detail.map { .string($0) }, "stateStartTime": .string(start),
        ])
    }
}

/// The state of now and those before it, oldest first.
package struct StatusTrack: Codable, Equatable, Sendable {
    /// Earlier states that are kept; a cluster that is scaled all day has more.
    static let historyLimit = 50

    package private(set) var current: StatusEntry
    package private(set) var history: [StatusEntry] = []

    package init(_ entry: StatusEntry) { current = entry }

    /// Begins a state; one that differs in its detail alone goes on.
    package mutating func set(_ entry: StatusEntry) {
        if entry.state == current.state, entry.substate == current.substate {
            current.detail = entry.detail
            return
        }
        history.append(current)
        if history.count > Self.historyLimit { history.removeFirst() }
        current = entry
    }

    package var state: String { current.state }

    func historyJSON(detailKey: String) -> JSONValue? {
        history.isEmpty ? nil : .array(history.map { $0.json(detailKey: detailKey) })
    }
}
