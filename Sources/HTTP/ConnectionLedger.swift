package import Base
package import Transport

/// Which connections have to go: the limits on clients of failure-model.md section 4, as a value.
///
/// ```
/// opened ──▶ receiving ──cameWhole──▶ answering ──answered──▶ sending ──tookAll──▶ idle
///                ▲                        └──streams──▶ streaming                    │
///                └──────────────────────────first byte───────────────────────────────┘
/// ```
///
/// The time for a request runs from its first byte; that for the first one from the connection's
/// beginning. While a handler is at work no time runs. Whoever has an answer waiting must take it at
/// a pace, so that reading a byte now and then keeps nothing alive. A stream without news may be
/// silent for ever.
package struct ConnectionLedger {
    /// Connections in all, and of one address.
    package static let share = FairShare(places: 1024, placesPerAddress: 64)
    /// For a request to arrive, head and body.
    package static let requestTime = Duration.seconds(10)
    /// Between two requests.
    package static let idleTime = Duration.seconds(60)
    /// In each such time a client takes what waits for it, or at least ``paceBytes``.
    ///
    /// With a sweep once a second who stalls is gone after 12 s. The pace is a guess: a telephone
    /// line takes as much.
    package static let paceTime = Duration.seconds(10)
    package static let paceBytes: Int64 = 64 << 10
    /// What all requests on their way in and all answers on their way out may hold in memory.
    ///
    /// An eighth of the memory that failure-model.md leaves the coordinator in a flood.
    package static let heldBytesLimit: Int64 = 64 << 20

    /// What has passed on a connection so far, and what waits to be taken by the client.
    package struct Traffic {
        package var received: Int64
        package var sent: Int64
        package var queued: Int64

        package init(received: Int64 = 0, sent: Int64 = 0, queued: Int64 = 0) {
            self.received = received
            self.sent = sent
            self.queued = queued
        }
    }

    private enum Phase {
        case receiving(since: Instant)
        case answering
        case sending(Pace)
        case streaming(Pace)
        case idle(since: Instant)
    }

    /// From when on a client owes how much.
    private struct Pace {
        let since: Instant
        let sent: Int64
        let owed: Int64

        init(_ traffic: Traffic, at now: Instant) {
            since = now
            sent = traffic.sent
            owed = min(traffic.queued, paceBytes)
        }

        /// The pace from now on; nil when the client is too slow.
        func checked(_ traffic: Traffic, at now: Instant) -> Self? {
            if traffic.queued == 0 || traffic.sent - sent >= owed { return Pace(traffic, at: now) }
            return now - since > paceTime ? nil : self
        }
    }

    private struct Entry {
        let address: PeerAddress
        var phase: Phase
        /// What had been received when the last request was complete.
        var receivedBefore: Int64 = 0

        /// Bytes in memory: a request's so far, and an answer's that were not taken.
        func held(_ traffic: Traffic) -> Int64 {
            traffic.received - receivedBefore + traffic.queued
        }
    }

    private var entries: [Int: Entry] = [:]
    private var perAddress: [PeerAddress: Int] = [:]
    /// What requests and answers held in memory when ``overdue(at:_:)`` looked.
    package private(set) var heldBytes: Int64 = 0

    package init() {}

    // MARK: What happens

    /// Counts a new connection; true when somebody has no place now.
    package mutating func opened(_ number: Int, from address: PeerAddress, at now: Instant) -> Bool
    {
        precondition(entries[number] == nil, "two connections with the number \(number)")
        entries[number] = Entry(address: address, phase: .receiving(since: now))
        let ofAddress = perAddress[address, default: 0] + 1
        perAddress[address] = ofAddress
        return entries.count > Self.share.places || ofAddress > Self.share.placesPerAddress
    }

    package mutating func closed(_ number: Int) {
        guard let address = entries.removeValue(forKey: number)?.address else { return }
        let left = perAddress[address, default: 0] - 1
        perAddress[address] = left > 0 ? left : nil
    }

    /// A request is complete; `received` without the bytes of those that follow it.
    package mutating func cameWhole(_ number: Int, received: Int64) {
        entries[number]?.phase = .answering
        entries[number]?.receivedBefore = received
    }

    /// The whole answer waits to be taken.
    package mutating func answered(_ number: Int, _ traffic: Traffic, at now: Instant) {
        entries[number]?.phase = .sending(Pace(traffic, at: now))
    }

    /// Nothing waits for the client any more.
    package mutating func tookAll(_ number: Int, at now: Instant) {
        guard case .sending = entries[number]?.phase else { return }
        entries[number]?.phase = .idle(since: now)
    }

    /// An answer begins whose end is open.
    package mutating func streams(_ number: Int, _ traffic: Traffic, at now: Instant) {
        entries[number]?.phase = .streaming(Pace(traffic, at: now))
    }

    // MARK: Who has to go

    /// Those without a place; waiting ones leave before busy ones.
    ///
    /// Of the waiting ones those leave first who do so for the longest time: who means it asks at
    /// once. Of the busy ones the newest leave first.
    package func surplus() -> [Int] {
        Self.share.surplus(
            of: entries.map { number, entry in
                let worth: Int64 =
                    switch entry.phase {
                    case .receiving(let since), .idle(let since): since.nanoseconds
                    case .answering, .sending, .streaming: .max - Int64(number)
                    }
                return FairShare.Claim(number: number, address: entry.address, worth: worth)
            }
        )
    }

    /// Those who are too slow, or hold too much; to be asked once a second.
    package mutating func overdue(at now: Instant, _ traffic: (Int) -> Traffic) -> [Int] {
        var leaving: [Int] = []
        var holding: [(number: Int, bytes: Int64)] = []
        for number in entries.keys.sorted() {
            let traffic = traffic(number)
            if let entry = entries[number].flatMap({ Self.next($0, traffic, at: now) }) {
                entries[number] = entry
                holding.append((number, entry.held(traffic)))
            } else {
                leaving.append(number)
            }
        }
        heldBytes = holding.reduce(0) { $0 + $1.bytes }
        // The largest ones first, the newer of two equal ones.
        for (number, bytes) in holding.sorted(by: { ($0.bytes, $0.number) > ($1.bytes, $1.number) })
        where heldBytes > Self.heldBytesLimit {
            leaving.append(number)
            heldBytes -= bytes
        }
        return leaving.sorted()
    }

    /// The entry after a look at it; nil when its time is over.
    private static func next(_ entry: Entry, _ traffic: Traffic, at now: Instant) -> Entry? {
        var entry = entry
        switch entry.phase {
        case .receiving(let since):
            return now - since > requestTime ? nil : entry
        case .answering:
            return entry
        case .sending(let pace):
            return pace.checked(traffic, at: now).map {
                entry.phase = .sending($0)
                return entry
            }
        case .streaming(let pace):
            return pace.checked(traffic, at: now).map {
                entry.phase = .streaming($0)
                return entry
            }
        case .idle(let since):
            guard traffic.received == entry.receivedBefore else {
                entry.phase = .receiving(since: now)
                return entry
            }
            return now - since > idleTime ? nil : entry
        }
    }
}
