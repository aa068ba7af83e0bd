import Base

/// Which version of a file a source has, by what it says about it.
package struct RemoteVersion: Sendable, Equatable, Codable {
    package var etag: String?
    package var lastModified: String?
    /// Size in bytes, where the source says it.
    package var sizeBytes: Int64?

    package init(etag: String? = nil, lastModified: String? = nil, sizeBytes: Int64? = nil) {
        self.etag = etag
        self.lastModified = lastModified
        self.sizeBytes = sizeBytes
    }

    /// What a range may be asked for by: RFC 9110 section 13.1.5 wants a strong validator.
    var rangeValidator: String? {
        if let etag, !etag.hasPrefix("W/") { return etag }
        return lastModified
    }

    /// Whether the other one can be the same: nothing that both say differs.
    func mayEqual(_ other: RemoteVersion) -> Bool {
        func agree<Value: Equatable>(_ left: Value?, _ right: Value?) -> Bool {
            left == nil || right == nil || left == right
        }
        return agree(etag, other.etag) && agree(lastModified, other.lastModified)
            && agree(sizeBytes, other.sizeBytes)
    }
}

/// The beginning of a file that an earlier try has stored.
package struct PartialFile: Sendable, Equatable {
    package var version: RemoteVersion
    package var sizeBytes: Int64

    package init(version: RemoteVersion, sizeBytes: Int64) {
        self.version = version
        self.sizeBytes = sizeBytes
    }
}

/// One request to a source.
package struct DownloadRequest: Sendable, Equatable {
    package var address: SourceAddress
    /// The first byte that is wanted.
    package var offset: Int64 = 0
    /// Fields beside those that every request has, in order.
    package var fields: [Field] = []
    /// Whether to talk to public addresses only.
    package var mustBePublic: Bool

    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }
}

/// What the head of an answer says.
package struct ResponseHead: Sendable, Equatable {
    package var status: Int
    package var version = RemoteVersion()
    /// Bytes of this answer's body.
    package var contentLength: Int64?
    package var contentRange: ContentRange?
    package var retryAfter: Duration?
    /// Where the file is instead, absolute.
    package var location: String?

    package init(status: Int) { self.status = status }
}

/// `bytes 100-199/200`: RFC 9110 section 14.4.
package struct ContentRange: Sendable, Equatable {
    package var first: Int64
    package var last: Int64
    package var totalSizeBytes: Int64?

    package init?(_ text: String) {
        guard text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]),
            first >= 0, last >= first
        else { return nil }
        (self.first, self.last) = (first, last)
        guard parts[1] != "*" else { return }
        guard let total = Int64(parts[1]), total > last else { return nil }
        totalSizeBytes = total
    }
}

/// What to do with the body of an answer.
package enum BodyHandling: Sendable, Equatable {
    /// Store it from this offset on; at 0 in place of what is there.
    case store(at: Int64)
    /// It is not the file: stop reading.
    case ignore
}

/// How one request ended.
package enum TransferEnd: Sendable, Equatable {
    /// The whole answer was read, or its body ignored.
    case complete
    /// Nobody answered, or the answer broke off.
    case brokeOff(reason: String)
    /// The machine that the name leads to may not be spoken to.
    case refused(reason: String)
}

/// What a download does next.
package enum DownloadCommand: Sendable, Equatable {
    case request(DownloadRequest)
    case wait(Duration)
    case end(DownloadEnd)
}

package enum DownloadEnd: Sendable, Equatable {
    /// The whole file is stored.
    case received(RemoteVersion)
    /// The source still has the version that is known.
    case notModified
    case failed(reason: String)
}
