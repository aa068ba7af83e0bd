import Base

/// The lines of a job's log that somebody wants to see, taken from it piece by piece.
///
/// Of all that match, the last few MiB are kept: a log is larger than what is sent of it.
struct LogSelection {
    /// Which lines.
    enum Subject: Equatable {
        /// The course of the job: all but the reports of workers.
        case course
        /// All about one task, as `STEP/CHUNK`.
        case task(String)
    }

    /// Third word of the lines in which workers report of an attempt.
    static let reportWord = "report:"

    private let subject: Subject
    private let limitBytes: Int
    private var kept: [UInt8] = []
    /// The beginning of a line whose end is still to come.
    private var rest: [UInt8] = []

    init(_ subject: Subject, limitBytes: Int) {
        self.subject = subject
        self.limitBytes = limitBytes
    }

    /// The lines, each with its newline.
    var bytes: [UInt8] {
        guard kept.count > limitBytes else { return kept }
        let end = kept.suffix(limitBytes)
        // The first line is not whole.
        return Array(end.drop { $0 != UInt8(ascii: "\n") }.dropFirst())
    }

    mutating func append(_ piece: [UInt8]) {
        let text = rest + piece
        let end = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        for line in text[..<end].split(separator: UInt8(ascii: "\n")) where isWanted(line) {
            kept += line
            kept.append(UInt8(ascii: "\n"))
        }
        rest = Array(text[end...])
        if kept.count > 2 * limitBytes { kept.removeFirst(kept.count - limitBytes) }
    }

    private func isWanted(_ line: ArraySlice<UInt8>) -> Bool {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3).dropFirst()
        guard let mark = words.first else { return subject == .course }
        switch subject {
        case .task(let task): return mark.elementsEqual("[\(task)]".utf8)
        case .course:
            let isReport = words.dropFirst().first?.elementsEqual(Self.reportWord.utf8) ?? false
            return !(mark.first == UInt8(ascii: "[") && isReport)
        }
    }
}
