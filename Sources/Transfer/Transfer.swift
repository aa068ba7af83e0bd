import Base
import CCurl
import Glibc
package import Ingestion

/// Carries requests of one download out, one at a time, by libcurl.
///
/// THREADING: `perform` blocks until the request has ended, and calls `receiver` on the same thread.
/// Only `isCancelled` is asked of other threads' state.
package final class Transfer {
    /// Who is told of an answer while it comes.
    package protocol Receiver: AnyObject {
        /// Whether the whole thing is not wanted any more.
        var isCancelled: Bool { get }
        /// What to do with the body that follows.
        func begin(_ head: ResponseHead) -> BodyHandling
        /// Takes a piece of the body; false stops the request.
        func take(_ bytes: UnsafeRawBufferPointer) -> Bool
    }

    private let curl: UnsafeMutableRawPointer
    private let receiver: any Receiver
    private let calls: UnsafeMutablePointer<otcluster_curl_calls>
    private let errorText: UnsafeMutablePointer<CChar>

    // Of the request that runs.
    private var reader = ResponseReader()
    private var handling: BodyHandling?
    private var mustBePublic = true
    private var refusedAddress: String?

    /// libcurl, loaded once a process.
    private static let problem: String? = otcluster_curl_load().map { String(cString: $0) }

    /// Why downloads are not possible on this machine; nil when they are.
    package static var unavailable: String? {
        problem.map { "libcurl is not there (\($0)); install the Debian package libcurl4" }
    }

    /// `policy` says when a source counts as too slow.
    package init(_ receiver: any Receiver, policy: DownloadPolicy) {
        precondition(Self.problem == nil, "libcurl is used without having been found")
        guard let curl = otcluster_curl_create() else {
            preconditionFailure("no memory for a download")
        }
        self.curl = curl
        self.receiver = receiver
        calls = .allocate(capacity: 1)
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        calls.initialize(to: otcluster_curl_calls())
        setUp(policy)
    }

    deinit {
        otcluster_curl_free(curl)
        calls.deallocate()
        errorText.deallocate()
    }

    /// Sends a request and reads its answer.
    package func perform(_ request: DownloadRequest) -> TransferEnd {
        (reader, handling, refusedAddress) = (ResponseReader(), nil, nil)
        mustBePublic = request.mustBePublic
        let list = fields(of: request)
        defer { otcluster_curl_free_list(list) }
        errorText.pointee = 0
        set(CURLOPT_URL, "\(request.address)")
        set(CURLOPT_PROTOCOLS_STR, request.address.isEncrypted ? "https" : "http")
        otcluster_curl_set_fields(curl, list)
        let code = otcluster_curl_perform(curl)
        if handling == nil, otcluster_curl_status(curl) > 0, code == CURLE_OK { begin() }
        if handling == .ignore { return .complete }
        if let refusedAddress, code != CURLE_OK { return .refused(reason: refusedAddress) }
        guard code != CURLE_OK else { return .complete }
        let detail = String(cString: errorText)
        let text = String(cString: otcluster_curl_text(code))
        return .brokeOff(reason: detail.isEmpty ? text : detail)
    }

    private func fields(of request: DownloadRequest) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        // A `.gz` is wanted as it is.
        let common = ["Accept: */*", "Accept-Encoding: identity", "User-Agent: otcluster"]
        for field in common + request.fields.map({ "\($0.name): \($0.value)" }) {
            guard let longer = otcluster_curl_append(list, field) else {
                preconditionFailure("no memory for the fields of a request")
            }
            list = longer
        }
        return list
    }

    /// Sets what is the same for all requests.
    ///
    /// Once and no later: after a name that was not found libcurl keeps its buffer, and refuses to be
    /// told its size again.
    private func setUp(_ policy: DownloadPolicy) {
        set(CURLOPT_ERRORBUFFER, memory: errorText)
        // Through a proxy, which machine is spoken to would be the proxy's choice.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        set(CURLOPT_BUFFERSIZE, 256 << 10)
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(DownloadPolicy.connectTimeout.nanoseconds / 1_000_000))
        set(CURLOPT_LOW_SPEED_LIMIT, Int(policy.slowBytesPerSecond))
        set(CURLOPT_LOW_SPEED_TIME, Int(policy.slowTime.seconds))
        calls.pointee = otcluster_curl_calls(
            context: Unmanaged.passUnretained(self).toOpaque(),
            head: { bytes, size, count, context in
                Transfer.of(context).takeHead(
                    UnsafeRawBufferPointer(start: bytes, count: size * count)
                )
            },
            body: { bytes, size, count, context in
                Transfer.of(context).takeBody(
                    UnsafeRawBufferPointer(start: bytes, count: size * count)
                )
            },
            progress: { context, _, _, _, _ in Transfer.of(context).receiver.isCancelled ? 1 : 0 },
            admits: { context, address in
                guard let address else { return 0 }
                return Transfer.of(context).admits(address) ? 1 : 0
            }
        )
        otcluster_curl_set_calls(curl, calls)
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
        guard let context else { preconditionFailure("libcurl lost the context of a call") }
        return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    private func set(_ option: CURLoption, _ value: Int) {
        let code = otcluster_curl_set_number(curl, option, value)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, _ value: String) {
        let code = otcluster_curl_set_text(curl, option, value)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, memory: UnsafeMutableRawPointer) {
        let code = otcluster_curl_set_memory(curl, option, memory)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }

    // MARK: Called by libcurl

    private func takeHead(_ line: UnsafeRawBufferPointer) -> Int {
        reader.take(line) ? line.count : 0
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if handling == nil { begin() }
        guard case .store = handling, receiver.take(bytes) else { return 0 }
        return bytes.count
    }

    private func begin() {
        let head = reader.head(
            status: otcluster_curl_status(curl),
            retryAfterSeconds: Int64(otcluster_curl_retry_after(curl)),
            location: otcluster_curl_redirect(curl).map { String(cString: $0) }
        )
        handling = receiver.begin(head)
    }

    private func admits(_ address: UnsafePointer<sockaddr>) -> Bool {
        guard mustBePublic else { return true }
        guard let found = NetworkAddress(address) else {
            refusedAddress = "the name leads to something that is no internet address"
            return false
        }
        guard found.isPublic else {
            refusedAddress =
                "the name leads to \(found), an address of a private network; a host there must be "
                + "among downloads.insecure_hosts"
            return false
        }
        return true
    }
}

extension NetworkAddress {
    /// The address within a socket's; nil for other families.
    fileprivate init?(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let place = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0
            self.init(Array(UnsafeRawBufferPointer(start: raw + place, count: 4)))
        case AF_INET6:
            let place = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0
            self.init(Array(UnsafeRawBufferPointer(start: raw + place, count: 16)))
        default:
            return nil
        }
    }
}

extension NetworkAddress: CustomStringConvertible {
    package var description: String {
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) {
            guard let text = inet_ntop(family, bytes, $0.baseAddress, socklen_t($0.count)) else {
                return "\(bytes)"
            }
            return String(cString: text)
        }
    }
}
