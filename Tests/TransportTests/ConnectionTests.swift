import Base
import Glibc
import Testing
import Transport

@Suite("Connection, with TLS and without")
struct ConnectionTests {
    @Test(
        "64 MiB sent by reference come back byte for byte, each release called once",
        arguments: Protection.allCases
    )
    func echo(protection: Protection) throws {
        struct Seen { var mismatch: Int?, releases: [Int], drained: Bool }
        let blocks = 64
        let seen: Seen = try onLoop { loop, outcome in
            let block = Block(bytes: 1 << 20, seed: 7)
            Pair.make(on: loop, protection, bufferBytes: 1 << 20) { pair in
                var seen = Seen(
                    mismatch: nil,
                    releases: Array(repeating: 0, count: blocks),
                    drained: false
                )
                var position = 0
                pair.serverSide.onRead = { connection, bytes in
                    connection.send(Array(bytes))
                    pair.serverSide.received = []
                }
                pair.clientSide.onRead = { _, bytes in
                    if seen.mismatch == nil {
                        seen.mismatch = block.firstMismatch(bytes, at: position)
                    }
                    position += bytes.count
                    pair.clientSide.received = []
                    if position == blocks * block.memory.count { outcome.finish(seen) }
                }
                pair.clientSide.onDrain = { _ in seen.drained = true }
                for index in 0..<blocks {
                    pair.client.send(UnsafeRawBufferPointer(block.memory)) {
                        seen.releases[index] += 1
                        block.use()
                    }
                }
            }
        }
        #expect(seen.mismatch == nil)
        #expect(seen.releases == Array(repeating: 1, count: blocks))
        #expect(seen.drained)
    }

    @Test(
        "a handler without a buffer slows the sender down until it resumes",
        arguments: Protection.allCases
    )
    func backPressure(protection: Protection) throws {
        let total = 32 << 20
        let seen: (stalled: Int, received: Int) = try onLoop { loop, outcome in
            let block = Block(bytes: 1 << 20, seed: 1)
            Pair.make(on: loop, protection, bufferBytes: 1 << 20) { pair in
                pair.serverSide.isFull = true
                for _ in 0..<(total / block.memory.count) {
                    pair.client.send(UnsafeRawBufferPointer(block.memory)) { block.use() }
                }
                var stalled = 0
                var last = -1
                var timer: Timer?
                pair.serverSide.onRead = { connection, _ in
                    if pair.serverSide.received.count == total {
                        timer = nil
                        outcome.finish((stalled, total))
                    }
                }
                // The kernel's buffers fill; then nothing moves any more.
                timer = loop.schedule(every: .milliseconds(20)) {
                    let queued = pair.client.queuedBytes
                    guard queued == last, stalled == 0 else {
                        last = queued
                        return
                    }
                    stalled = queued
                    pair.serverSide.isFull = false
                    pair.server.resumeReading()
                }
                if timer == nil { outcome.finish((0, 0)) }
            }
        }
        #expect(seen.stalled > 0, "more than the kernel's buffers hold was sent")
        #expect(seen.received == total)
    }

    @Test(
        "many small messages of one turn arrive in order, and drain once",
        arguments: Protection.allCases
    )
    func smallMessages(protection: Protection) throws {
        let seen: (text: String, drains: Int) = try onLoop { loop, outcome in
            Pair.make(on: loop, protection) { pair in
                let expected = (0..<1000).map { "\($0)," }.joined()
                for index in 0..<1000 { pair.client.send(Array("\(index),".utf8)) }
                pair.serverSide.onRead = { connection, _ in
                    guard pair.serverSide.received.count == expected.utf8.count else { return }
                    connection.send([1])
                }
                pair.clientSide.onRead = { _, _ in
                    let text = String(decoding: pair.serverSide.received, as: UTF8.self)
                    outcome.finish((text, pair.clientSide.drains))
                }
            }
        }
        #expect(seen.text == (0..<1000).map { "\($0)," }.joined())
        #expect(seen.drains == 1)
    }

    @Test(
        "closing tells each side once why, and delivers what was queued just before",
        arguments: Protection.allCases
    )
    func closing(protection: Protection) throws {
        let seen: (mine: [CloseReason], theirs: [CloseReason], text: String, atOnce: Int) =
            try onLoop { loop, outcome in
                Pair.make(on: loop, protection) { pair in
                    var atOnce = 0
                    pair.serverSide.onClose = { _ in
                        let text = String(decoding: pair.serverSide.received, as: UTF8.self)
                        outcome.finish(
                            (pair.clientSide.closings, pair.serverSide.closings, text, atOnce)
                        )
                    }
                    pair.client.send(Array("farewell".utf8))
                    pair.client.close("done")
                    atOnce = pair.clientSide.closings.count
                    pair.client.close("again")
                    pair.client.send([1])
                }
            }
        #expect(seen.atOnce == 0, "the news comes after the handler's own call")
        #expect(seen.mine == [.local("done")])
        #expect(seen.theirs == [.endOfStream])
        #expect(seen.text == "farewell")
    }

    @Test(
        "closing releases what was not written, each piece once, before the news of it",
        arguments: Protection.allCases
    )
    func releasesOnClose(protection: Protection) throws {
        let seen: (releases: [Int], atClose: Int, late: Int) = try onLoop { loop, outcome in
            let block = Block(bytes: 1 << 20, seed: 3)
            Pair.make(on: loop, protection) { pair in
                pair.serverSide.isFull = true
                var releases = Array(repeating: 0, count: 64)
                var late = 0
                for index in 0..<64 {
                    pair.client.send(UnsafeRawBufferPointer(block.memory)) {
                        releases[index] += 1
                        block.use()
                    }
                }
                pair.clientSide.onClose = { _ in
                    let atClose = releases.reduce(0, +)
                    pair.client.send(UnsafeRawBufferPointer(block.memory)) {
                        late += 1
                        outcome.finish((releases, atClose, late))
                    }
                }
                loop.atEndOfTurn { loop.atEndOfTurn { pair.client.close("enough") } }
            }
        }
        #expect(seen.releases == Array(repeating: 1, count: 64))
        #expect(seen.atClose == 64)
        #expect(seen.late == 1, "memory sent on a closed connection comes back, too")
    }

    @Test(
        "a handler may close while it is reading, and is called no more",
        arguments: Protection.allCases
    )
    func closeWhileReading(protection: Protection) throws {
        let seen: (reads: Int, closings: [CloseReason]) = try onLoop { loop, outcome in
            Pair.make(on: loop, protection, bufferBytes: 16) { pair in
                var reads = 0
                pair.serverSide.onRead = { connection, _ in
                    reads += 1
                    connection.close("seen enough")
                }
                pair.serverSide.onClose = { _ in
                    loop.atEndOfTurn { outcome.finish((reads, pair.serverSide.closings)) }
                }
                pair.client.send(Array(repeating: 1, count: 4096))
            }
        }
        #expect(seen.reads == 1)
        #expect(seen.closings == [.local("seen enough")])
    }

    @Test("a peer that resets the connection is reported as such")
    func reset() throws {
        let reason: CloseReason = try onLoop { loop, outcome in
            Pair.make(on: loop) { pair in
                pair.serverSide.isFull = true
                pair.clientSide.onClose = { outcome.finish($0) }
                // Unread data at the time of the close makes the kernel answer with a reset.
                pair.client.send(Array(repeating: 1, count: 4096))
                pair.clientSide.onDrain = { _ in
                    _ = pair.clientSide
                    pair.server.close("rude")
                }
            }
        }
        #expect(reason == .reset(errno: ECONNRESET))
    }

    @Test("a half-closed peer ends the connection for good")
    func halfClosed() throws {
        let seen: (reason: CloseReason, received: [UInt8]) = try onLoop { loop, outcome in
            let listener = listen(on: loop) { connection in
                let recorder = Recorder()
                recorder.onClose = { outcome.finish(($0, recorder.received)) }
                connection.start(handler: recorder)
            }
            let raw = RawClient(port: listener.port)
            raw.write([1, 2, 3])
            raw.endWriting()
            // Kept open in this direction until the loop is done with it.
            loop.atEndOfTurn { raw.keepOpen() }
        }
        #expect(seen.reason == .endOfStream)
        #expect(seen.received == [1, 2, 3])
    }

    @Test(
        "stopping the loop closes connections and releases their memory",
        arguments: Protection.allCases
    )
    func stoppedLoop(protection: Protection) throws {
        let loop = try EventLoop(name: "stopped")
        let seen = Outcome<(closings: [CloseReason], releases: Int)>()
        let state = LoopBound(StoppedState(), loop: loop)
        loop.execute {
            Pair.make(on: loop, protection, bufferBytes: 64) { pair in
                let block = Block(bytes: 64 << 20, seed: 2)
                pair.serverSide.isFull = true
                state.value.recorder = pair.clientSide
                pair.client.send(UnsafeRawBufferPointer(block.memory)) {
                    state.value.releases += 1
                    block.use()
                }
                loop.atEndOfTurn { loop.stop() }
            }
        }
        RawThread.run {
            loop.run()
            seen.finish((state.value.recorder?.closings ?? [], state.value.releases))
        }
        let result = try seen.wait()
        #expect(result.closings == [.local("the event loop stopped")])
        #expect(result.releases == 1)
    }

    private final class StoppedState {
        var recorder: Recorder?
        var releases = 0
    }
}
