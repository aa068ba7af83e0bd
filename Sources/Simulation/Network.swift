import Base

/// The network between the coordinator's host and the others'.
///
/// A connection behaves as TCP does: bytes come in order or not at all. What it does to them is
/// delay them, hold them up while a direction is cut, hand them out in pieces of any size, and lose
/// what is under way when a connection is reset.
final class Network {
    let agenda: Agenda
    private let random: Dice
    private let faults: FaultPlan
    /// The coordinator that listens, if one does.
    var listener: (process: SimulatedProcess, accept: (ConnectionEnd) -> Void)?
    private(set) var connections: [(worker: ConnectionEnd, coordinator: ConnectionEnd)] = []

    init(_ agenda: Agenda, random: Dice, faults: FaultPlan) {
        self.agenda = agenda
        self.random = random
        self.faults = faults
    }

    /// Time that one parcel takes: a moment, and now and then much longer.
    func latency() -> Duration {
        if faults.isEnabled(.delay), random.once(in: 50) { return random.milliseconds(100...4000) }
        return .microseconds(Int64(random.number(100...3000)))
    }

    /// Connects a worker to the coordinator; answers with its end, or nil.
    func connect(
        _ worker: SimulatedProcess,
        over route: Route,
        _ answer: @escaping (ConnectionEnd?) -> Void
    ) {
        guard !route.isCut else {
            return worker.after(.seconds(5)) { answer(nil) }
        }
        agenda.after(latency()) { [self] in
            guard let listener, listener.process.state != .ended else {
                return worker.run { answer(nil) }
            }
            let near = ConnectionEnd(self, worker, route, .toCoordinator)
            let far = ConnectionEnd(self, listener.process, route, .toWorker)
            near.peer = far
            far.peer = near
            connections.append((near, far))
            listener.process.run { listener.accept(far) }
            worker.run { answer(near) }
        }
    }

    /// Ends every connection that one of the processes has; the peers learn of it, unless `silently`.
    func end(_ process: SimulatedProcess, silently: Bool) {
        for (worker, coordinator) in connections {
            for end in [worker, coordinator] where end.process === process {
                end.abandon(tellingPeer: !silently)
            }
        }
        forgetClosed()
    }

    /// Resets an open connection: what is under way is lost.
    ///
    /// The coordinator's end may not learn of it, and takes the connection for whole.
    func reset(
        _ connection: (worker: ConnectionEnd, coordinator: ConnectionEnd),
        isHalfOpen: Bool = false
    ) {
        connection.worker.drop("connection reset")
        if !isHalfOpen { connection.coordinator.drop("connection reset") }
        forgetClosed()
    }

    var open: [(worker: ConnectionEnd, coordinator: ConnectionEnd)] {
        connections.filter { $0.worker.isOpen && $0.coordinator.isOpen }
    }

    func forgetClosed() {
        connections.removeAll { !$0.worker.isOpen && !$0.coordinator.isOpen }
    }

    /// Resets connections one of whose ends is gone, as a host does that is up again.
    func resetHalfOpen() {
        for connection in connections
        where !connection.worker.isOpen || !connection.coordinator.isOpen {
            reset(connection)
        }
    }
}

/// The way between one worker's host and the coordinator's.
final class Route {
    enum Direction { case toCoordinator, toWorker }

    private var cuts: [Direction] = []
    /// Ends whose parcels wait for the way to be whole again.
    private var stalled: [ConnectionEnd] = []

    var isCut: Bool { !cuts.isEmpty }

    func isCut(_ direction: Direction) -> Bool { cuts.contains(direction) }

    func cut(_ directions: [Direction]) { cuts = directions }

    func stall(_ end: ConnectionEnd) { stalled.append(end) }

    func heal() {
        cuts = []
        let waiting = stalled
        stalled = []
        for end in waiting { end.planDelivery() }
    }
}

/// One end of a connection.
final class ConnectionEnd {
    private enum Parcel {
        case bytes([UInt8])
        case end(reason: String)
    }

    let process: SimulatedProcess
    let route: Route
    private let network: Network
    private let direction: Route.Direction
    weak var peer: ConnectionEnd?
    private(set) var isOpen = true
    /// Bytes that were sent and have not arrived.
    private(set) var queuedBytes = 0
    private var outbox: [Parcel] = []

    var onBytes: ([UInt8]) -> Void = { _ in }
    var onDrain: () -> Void = {}
    /// Called once and last.
    var onClose: (String) -> Void = { _ in }

    init(
        _ network: Network,
        _ process: SimulatedProcess,
        _ route: Route,
        _ direction: Route.Direction
    ) {
        self.network = network
        self.process = process
        self.route = route
        self.direction = direction
    }

    func send(_ bytes: [UInt8]) {
        guard isOpen else { return }
        post(.bytes(bytes))
        queuedBytes += bytes.count
    }

    private func post(_ parcel: Parcel) {
        outbox.append(parcel)
        planDelivery()
    }

    func planDelivery() {
        network.agenda.after(network.latency()) { [self] in deliver() }
    }

    private func deliver() {
        guard !outbox.isEmpty else { return }
        guard !route.isCut(direction) else { return route.stall(self) }
        let parcel = outbox.removeFirst()
        guard let peer, peer.isOpen else { return drop("connection reset by peer") }
        switch parcel {
        case .bytes(let bytes):
            queuedBytes -= bytes.count
            peer.process.run { if peer.isOpen { peer.onBytes(bytes) } }
            process.run { [self] in if isOpen { onDrain() } }
        case .end(let reason):
            peer.drop(reason)
        }
    }

    /// Closes from this side; the peer gets what was sent before.
    func close(_ reason: String) {
        guard isOpen else { return }
        isOpen = false
        post(.end(reason: "closed by peer"))
        onClose(reason)
    }

    /// The connection is gone on this side, without a word of our own.
    func drop(_ reason: String) {
        guard isOpen else { return }
        outbox = []
        queuedBytes = 0
        process.run { [self] in
            guard isOpen else { return }
            isOpen = false
            onClose(reason)
        }
        if process.state == .ended { isOpen = false }
    }

    /// The process of this end is gone.
    func abandon(tellingPeer: Bool) {
        guard isOpen else { return }
        isOpen = false
        if tellingPeer { post(.end(reason: "closed by peer")) } else { outbox = [] }
    }
}
