import Base
import CEvent
import Glibc
import Transport

/// Keeps the limits on clients that libevent 2.1 does not know: how many, how slow, how greedy.
///
/// libevent restarts its time-outs with every byte and has no cap on connections. So the table makes
/// the connections' bufferevents, counts what passes on them, and carries out what ``ConnectionLedger``
/// decides: at the end of each turn in which connections came, and once a second.
///
/// THREADING: belongs to the loop's thread.
final class ConnectionTable {
    private static let sweepInterval = Duration.seconds(1)

    /// Most bytes a bufferevent reads ahead: a whole body, and some more.
    ///
    /// libevent collects a body there before it takes it. Without a cap a client could go on
    /// sending while it is being answered, and fill the memory.
    private static let readAheadBytes = Limits.httpBodyBytes + Limits.httpHeaderBytes + (64 << 10)

    private let loop: EventLoop
    private let security: TLSContext?
    private var ledger = ConnectionLedger()
    private var connections: [OpaquePointer: ServedConnection] = [:]
    private var nextNumber = 0
    private var sweeper: Timer?

    /// Made in this turn: libevent gives a bufferevent its socket after it got it from here.
    private var arrivals: [ServedConnection] = []
    /// Those on which libevent began to answer by itself in this turn.
    private var errorPages: [ServedConnection] = []
    /// Bytes that came to memory since the ledger counted them.
    private var uncountedBytes: Int64 = 0
    /// Bytes of answers that were not taken yet.
    private var queuedBytes: Int64 = 0
    private var isTurnEndPutOff = false

    init(loop: EventLoop, security: TLSContext?) {
        self.loop = loop
        self.security = security
        sweeper = loop.schedule(every: Self.sweepInterval) { [unowned self] in sweep() }
    }

    // MARK: From libevent

    /// A bufferevent for the next connection; libevent sets its socket.
    func makeChannel() -> OpaquePointer? {
        guard let channel = makeBufferevent() else { return nil }
        bufferevent_setwatermark(channel, Int16(EV_READ), 0, Self.readAheadBytes)
        let connection = ServedConnection(channel, number: nextNumber, table: self)
        nextNumber += 1
        connections[channel] = connection
        arrivals.append(connection)
        putOffTurnEnd()
        return channel
    }

    private func makeBufferevent() -> OpaquePointer? {
        // The socket is closed with its bufferevent, not by evhttp before: events of a closed socket
        // that still stand in the loop would swallow those of the next one with its number.
        let options = Int32(bitPattern: BEV_OPT_CLOSE_ON_FREE.rawValue)
        guard let security else { return bufferevent_socket_new(loop.base, -1, options) }
        return security.makeBufferevent(on: loop.base, host: nil, options: options)
    }

    /// Bytes were read or are to be written.
    func grew(by count: Int) {
        uncountedBytes += Int64(count)
        if ledger.heldBytes + uncountedBytes > ConnectionLedger.heldBytesLimit { putOffTurnEnd() }
    }

    /// Whether so many answers wait to be taken that large ones should not be begun.
    var isCrowded: Bool { queuedBytes > ConnectionLedger.heldBytesLimit / 2 }

    func queueChanged(by count: Int) { queuedBytes += Int64(count) }

    func drained(_ connection: ServedConnection) {
        ledger.tookAll(connection.number, at: EventLoop.now())
    }

    func libeventAnswers(_ connection: ServedConnection) {
        errorPages.append(connection)
        putOffTurnEnd()
    }

    // MARK: From requests

    func requestBegan(on channel: OpaquePointer?) {
        guard let connection = connection(on: channel) else { return }
        connection.isAnswering = true
        ledger.cameWhole(connection.number, received: connection.understoodBytes)
    }

    func streamBegan(on channel: OpaquePointer?) {
        guard let connection = connection(on: channel) else { return }
        ledger.streams(connection.number, connection.traffic, at: EventLoop.now())
    }

    func requestEnded(on channel: OpaquePointer?) {
        guard let connection = connection(on: channel) else { return }
        connection.isAnswering = false
        ledger.answered(connection.number, connection.traffic, at: EventLoop.now())
    }

    /// For a client that leaves more waiting than an answer may hold.
    func cutOff(_ channel: OpaquePointer) {
        if let connection = connection(on: channel) { cutOff([connection.number]) }
    }

    private func connection(on channel: OpaquePointer?) -> ServedConnection? {
        channel.flatMap { connections[$0] }
    }

    // MARK: Carrying the ledger's decisions out

    private func putOffTurnEnd() {
        guard !isTurnEndPutOff else { return }
        isTurnEndPutOff = true
        loop.atEndOfTurn { [weak self] in self?.endTurn() }
    }

    private func endTurn() {
        isTurnEndPutOff = false
        // A page is written in several pieces.
        for connection in errorPages where !connection.isClosed && !connection.isAnswering {
            connection.replaceErrorPage()
        }
        errorPages = []
        admitArrivals()
        if ledger.heldBytes + uncountedBytes > ConnectionLedger.heldBytesLimit { sweep() }
    }

    private func admitArrivals() {
        let now = EventLoop.now()
        var isCrowded = false
        for connection in arrivals where !connection.isClosed {
            // One without another side is about to be closed by libevent.
            guard let peer = connection.peer else { continue }
            isCrowded = ledger.opened(connection.number, from: peer, at: now) || isCrowded
        }
        arrivals = []
        guard isCrowded else { return }
        forgetClosed()
        cutOff(ledger.surplus())
    }

    private func sweep() {
        forgetClosed()
        uncountedBytes = 0
        let traffic = Dictionary(
            uniqueKeysWithValues: connections.values.map { ($0.number, $0.traffic) }
        )
        cutOff(ledger.overdue(at: EventLoop.now()) { traffic[$0] ?? ConnectionLedger.Traffic() })
    }

    private func forgetClosed() {
        for (channel, connection) in connections where connection.isClosed {
            ledger.closed(connection.number)
            queuedBytes -= connection.traffic.queued
            connections[channel] = nil
        }
    }

    /// Their places are free at once; libevent lets go of them in its own time.
    private func cutOff(_ numbers: [Int]) {
        guard !numbers.isEmpty else { return }
        let leaving = Set(numbers)
        for connection in connections.values where leaving.contains(connection.number) {
            connection.cutOff()
            ledger.closed(connection.number)
        }
    }
}
