import API

/// A state as a sign, a word and a colour: whoever sees no colours loses nothing.
enum Badge {
    private enum Tone {
        case good
        case busy
        case waiting
        case bad
        case quiet

        var name: String {
            switch self {
            case .good: "good"
            case .busy: "busy"
            case .waiting: "waiting"
            case .bad: "bad"
            case .quiet: "quiet"
            }
        }
    }

    static func of(_ state: JobState) -> HTML {
        switch state {
        case .pending: badge("◦", state.rawValue, .waiting)
        case .running: badge("▸", state.rawValue, .busy)
        case .done: badge("✓", state.rawValue, .good)
        case .error: badge("✕", state.rawValue, .bad)
        case .cancelled: badge("■", state.rawValue, .quiet)
        case .skipped: badge("»", state.rawValue, .quiet)
        }
    }

    static func of(_ state: PoolState) -> HTML {
        switch state {
        case .empty: badge("◦", state.rawValue, .quiet)
        case .acquiring: badge("…", state.rawValue, .waiting)
        case .active: badge("▸", state.rawValue, .busy)
        case .ready: badge("✓", state.rawValue, .good)
        case .exhausted: badge("✕", state.rawValue, .bad)
        case .draining: badge("↓", state.rawValue, .waiting)
        }
    }

    static func of(_ state: WorkerState) -> HTML {
        switch state {
        case .starting: badge("…", state.rawValue, .waiting)
        case .ready: badge("✓", state.rawValue, .good)
        case .suspect: badge("?", state.rawValue, .waiting)
        case .draining: badge("↓", state.rawValue, .waiting)
        case .lost: badge("✕", state.rawValue, .bad)
        case .stopped: badge("■", state.rawValue, .quiet)
        }
    }

    static func of(_ outcome: AttemptOutcome) -> HTML {
        switch outcome {
        case .finished: badge("✓", outcome.word, .good)
        case .failed, .lost, .overdue, .notStored: badge("✕", outcome.word, .bad)
        case .revoked: badge("■", outcome.word, .quiet)
        }
    }

    static func of(_ kind: WorkerEvent.Kind) -> HTML {
        switch kind {
        case .joined: badge("+", kind.rawValue, .good)
        case .lost: badge("✕", kind.rawValue, .bad)
        case .stopped: badge("■", kind.rawValue, .quiet)
        case .draining: badge("↓", kind.rawValue, .waiting)
        case .exhausted: badge("✕", kind.rawValue, .bad)
        case .available: badge("✓", kind.rawValue, .good)
        }
    }

    private static func badge(_ sign: String, _ word: String, _ tone: Tone) -> HTML {
        """
        <span class="badge \(tone.name)"><span aria-hidden="true">\(sign)</span> \
        \(word.replacing("_", with: " ").lowercased())</span>
        """
    }
}
