import Base
import Testing
import Transport

@Suite("Listening and connecting")
struct ConnectTests {
    @Test("a refused connection names the address and the reason")
    func refused() throws {
        let (error, port): (TransportError?, UInt16) = try onLoop { loop, outcome in
            let listener = listen(on: loop) { _ in }
            let port = listener.port
            listener.close()
            let address = HostPort(host: "127.0.0.1", port: port)
            Connection.connect(to: address, loop: loop, timeout: .seconds(30)) { result in
                outcome.finish((failure(of: result), port))
            }
        }
        let text = try #require(error).description
        #expect(text.contains("cannot connect to 127.0.0.1:\(port): Connection refused"))
    }

    @Test("a name is resolved off the loop, and each of its addresses is tried")
    func byName() throws {
        let peer: String = try onLoop { loop, outcome in
            let listener = listen(on: loop) { _ in }
            let address = HostPort(host: "localhost", port: listener.port)
            Connection.connect(to: address, loop: loop, timeout: .seconds(30)) { result in
                outcome.finish(connected(result).peer)
            }
        }
        #expect(peer.hasPrefix("127.0.0.1:"))
    }

    @Test("a name that does not exist is an error that says so")
    func unknownName() throws {
        let error: TransportError? = try onLoop { loop, outcome in
            let address = HostPort(host: "no such host", port: 1)
            Connection.connect(to: address, loop: loop, timeout: .seconds(30)) { result in
                outcome.finish(failure(of: result))
            }
        }
        guard case .unknownHost = error else {
            Issue.record("not .unknownHost but \(String(describing: error))")
            return
        }
    }

    @Test("a host that does not answer is given up after the time-out")
    func timeout() throws {
        let (error, address): (TransportError?, HostPort) = try onLoop { loop, outcome in
            // A full backlog: further connections get no answer at all.
            let silent = SilentListener()
            let address = HostPort(host: "127.0.0.1", port: silent.port)
            Connection.connect(to: address, loop: loop, timeout: .milliseconds(50)) { result in
                silent.close()
                outcome.finish((failure(of: result), address))
            }
        }
        #expect(error == .connectTimedOut(address, after: .milliseconds(50)))
    }

    @Test("a port that is taken is an error that says what to do")
    func taken() throws {
        let error: TransportError? = try onLoop { loop, outcome in
            let first = listen(on: loop) { _ in }
            let address = HostPort(host: "127.0.0.1", port: first.port)
            let result = Result { () throws(TransportError) in
                try Listener(loop: loop, address: address) { _ in }
            }
            guard case .failure(let error) = result else {
                outcome.finish(nil)
                return
            }
            outcome.finish(error)
        }
        let text = try #require(error).description
        #expect(text.contains("cannot listen on 127.0.0.1:"))
        #expect(text.contains("configure another port"))
    }

    @Test("a listener works on a loop that does not run yet, and a dropped connection is closed")
    func setUpBeforeRun() throws {
        let loop = try EventLoop(name: "later")
        let address = HostPort(host: "127.0.0.1", port: 0)
        let listener = try Listener(loop: loop, address: address) { _ in
            // Neither kept nor started.
        }
        #expect(listener.port != 0)
        let raw = RawClient(port: listener.port)
        loop.start()
        defer { loop.stop() }
        #expect(raw.readToEnd() == [])
    }

    private func failure(of result: Result<Connection, TransportError>) -> TransportError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }
}
