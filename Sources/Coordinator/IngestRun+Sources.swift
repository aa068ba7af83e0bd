import Base
import Dispatch
import Ingestion
import Jobs
import Storage
import Synchronization
import Transfer

/// The two kinds of sources.
extension IngestRun {
    // MARK: From a source on the network

    /// Nil where the source still has what is current.
    func download(
        from address: SourceAddress,
        _ current: RawRecord?,
        _ outcome: inout IngestOutcome
    ) throws(Stop) -> Fetched? {
        if let reason = Transfer.unavailable { throw Stop(reason) }
        let isSame = current?.source == "\(source.location)"
        var generator = SystemRandomNumberGenerator()
        let download = Download(
            from: address,
            policy: plan.policy,
            known: isSame ? current?.version : nil,
            seed: generator.next()
        )
        let partial = store.partial(of: source)
        let file = try openPart(keeping: partial != nil)
        let sink = DownloadSink(
            download,
            into: file,
            beginning: partial,
            cut: plan.cut,
            onBegin: { [store, source] version throws(StorageError) in
                try store.begin(version, of: source)
            },
            onProgress: onProgress,
            isCancelled: { [self] in cancelled.load(ordering: .relaxed) }
        )
        let transfer = Transfer(sink, policy: plan.policy)
        var command = sink.begin(with: partial)
        defer { outcome.tries = sink.requests }
        while true {
            switch command {
            case .request(let request):
                let end = transfer.perform(request)
                if let problem = sink.problem {
                    sink.close()
                    throw Stop(problem.reason, discards: problem.discards)
                }
                command = sink.transferred(end)
            case .wait(let delay):
                _ = wake.wait(timeout: .now() + .nanoseconds(Int(delay.nanoseconds)))
                if cancelled.load(ordering: .relaxed) {
                    sink.close()
                    throw Stop("cancelled")
                }
                command = sink.waited()
            case .end(.notModified):
                sink.close()
                store.discardPartial(of: source)
                return nil
            case .end(.failed(let reason)):
                sink.close()
                throw Stop(reason)
            case .end(.received(let version)):
                return Fetched(file: file, content: try checked(sink.check), version: version)
            }
        }
    }

    private func checked(_ check: DownloadCheck) throws(Stop) -> DownloadCheck.Content {
        switch check.finish() {
        case .success(let content): return content
        case .failure(let error): throw Stop(error.description, discards: true)
        }
    }

    private func openPart(keeping: Bool) throws(Stop) -> File {
        try storage { () throws(StorageError) in
            let path = store.partPath(of: source)
            return keeping
                ? try File.open(extending: path) : try File.create(path: path, exclusive: false)
        }
    }

    // MARK: From a file of this machine

    /// Bytes copied at a time; a multiple of what disks and the page cache work with.
    private static let pieceSizeBytes: Int64 = 1 << 20

    /// Nil where the file is what it was when it was copied the last time.
    func copy(
        from path: String,
        _ current: RawRecord?,
        _ outcome: inout IngestOutcome
    ) throws(Stop) -> Fetched? {
        let original = try storage { () throws(StorageError) in
            try File.open(readingFrom: path)
        }
        outcome.tries = 1
        let origin = try storage { () throws(StorageError) in try original.identity() }
        let isSame = current?.source == "\(source.location)"
        if isSame, current?.origin == origin { return nil }
        let sizeBytes = origin.sizeBytes
        guard sizeBytes <= plan.policy.maximumSizeBytes else {
            throw Stop("\(path) has \(ByteCount(sizeBytes)), more than downloads.max_size allows")
        }
        let part = try openPart(keeping: false)
        let growing = GrowingFile(part, sizeBytes: 0)
        let check = DownloadCheck(growing, cut: plan.cut)
        check.start()
        do throws(Stop) {
            try copy(original, into: growing, check, sizeBytes: sizeBytes)
        } catch {
            _ = check.finish()
            throw error
        }
        let content = try checked(check)
        let end = try storage { () throws(StorageError) in
            (try original.identity(), try File.open(readingFrom: path).identity())
        }
        guard end == (origin, origin) else {
            throw Stop("\(path) changed while it was copied", discards: true)
        }
        return Fetched(
            file: part,
            content: content,
            version: RemoteVersion(sizeBytes: sizeBytes),
            origin: origin
        )
    }

    private func copy(
        _ original: File,
        into growing: GrowingFile,
        _ check: DownloadCheck,
        sizeBytes: Int64
    ) throws(Stop) {
        var offset: Int64 = 0
        while offset < sizeBytes {
            if cancelled.load(ordering: .relaxed) { throw Stop("cancelled", discards: true) }
            if let problem = check.problem { throw Stop(problem.description, discards: true) }
            let count = min(Self.pieceSizeBytes, sizeBytes - offset)
            try storage { () throws(StorageError) in
                try growing.file.copy(from: original, at: offset, count: count, to: offset)
            }
            offset += count
            growing.grow(to: offset)
            onProgress(offset, sizeBytes)
        }
    }
}
