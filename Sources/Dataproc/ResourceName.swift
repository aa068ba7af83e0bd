package import Base

/// Where a resource stands: the project and region of a request's path, and its own id.
///
/// Any project and region is taken; they only keep names apart.
package struct ResourceName: Codable, Hashable, Comparable, Sendable {
    package let project: String
    package let region: String
    package let id: String

    package init(project: String, region: String, id: String) {
        self.project = project
        self.region = region
        self.id = id
    }

    /// Another resource of the same project and region.
    package func sibling(_ id: String) -> Self {
        ResourceName(project: project, region: region, id: id)
    }

    package func isIn(_ other: Self) -> Bool {
        project == other.project && region == other.region
    }

    /// `projects/P/regions/R/COLLECTION/ID`, of which clients build paths.
    package func path(_ collection: String) -> String {
        "projects/\(project)/regions/\(region)/\(collection)/\(id)"
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.project, left.region, left.id) < (right.project, right.region, right.id)
    }
}

/// The rules for names, as the API documents them.
enum ResourceRules {
    /// `[a-z]([-a-z0-9]{0,49}[a-z0-9])?`.
    static func isClusterName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 51 else {
            return false
        }
        return isLower(first) && last != UInt8(ascii: "-")
            && bytes.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// `[A-Za-z0-9_-]{1,100}`.
    static func isJobID(_ text: String) -> Bool { isWord(text, 1...100) }

    /// `[A-Za-z0-9_-]{1,40}`.
    static func isRequestID(_ text: String) -> Bool { isWord(text, 1...40) }

    /// Of templates, policies and steps: 3 to 50 letters, digits, `_` and `-`, no sign at an end.
    static func isID(_ text: String) -> Bool {
        let isSign = { (letter: Character?) in letter == "-" || letter == "_" }
        return isWord(text, 3...50) && !isSign(text.first) && !isSign(text.last)
    }

    /// Labels are looked up by filters; the bounds are the API's.
    static func check(labels: [String: String]) throws(RPCError) {
        guard labels.count <= 32 else { throw .invalid("there are more than 32 labels") }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            guard (1...63).contains(key.count), value.count <= 63 else {
                throw .invalid("the label '\(key)' or its value is longer than 63 letters")
            }
        }
    }

    private static func isWord(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                isLower(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "-") || (UInt8(ascii: "A")...UInt8(ascii: "Z")) ~= byte
            }
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= byte
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte
    }
}

/// One time, by both clocks: the wall clock for what is shown and asked for, the other for patience.
package struct Moment: Sendable {
    package let wall: WallTime
    package let instant: Instant

    package init(wall: WallTime, instant: Instant) {
        self.wall = wall
        self.instant = instant
    }
}
