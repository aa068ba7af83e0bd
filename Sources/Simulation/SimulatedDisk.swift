import Base

/// Why a disk did not do what it was told.
enum DiskError: Error, CustomStringConvertible {
    case full
    case broken(operation: String)
    case missing(name: String)
    /// The step whose result was to be stored has ended.
    case stepEnded

    var isDiskFull: Bool {
        if case .full = self { true } else { false }
    }

    var description: String {
        switch self {
        case .full: "no space left on device"
        case .broken(let operation): "\(operation): input/output error"
        case .missing(let name): "\(name): no such file"
        case .stepEnded: "its step has ended"
        }
    }
}

/// The coordinator's disk: what was written is there, what was synced survives the loss of power.
final class SimulatedDisk {
    private struct File {
        var modified: Instant
        var bytes: [UInt8] = []
        /// Content at the last sync.
        var synced: [UInt8] = []
        /// Writes since then, in order.
        var pending: [(offset: Int, bytes: [UInt8])] = []

        mutating func synchronize() {
            for write in pending { synced.place(write.bytes, at: write.offset) }
            pending = []
        }
    }

    private let agenda: Agenda
    private let random: Dice
    private var files: [String: File] = [:]
    /// What the directory says after the loss of power.
    private var syncedNames: [String: File] = [:]
    var isFull = false
    /// How many operations will fail.
    var failures = 0
    /// How many syncs of files will fail.
    var failingSyncs = 0

    init(_ agenda: Agenda, random: Dice) {
        self.agenda = agenda
        self.random = random
    }

    var names: [String] { files.keys.sorted() }

    func content(of name: String) -> [UInt8]? { files[name]?.bytes }

    func age(of name: String) -> Duration { agenda.now - (files[name]?.modified ?? agenda.now) }

    func create(_ name: String) throws(DiskError) {
        try fail("create")
        files[name] = File(modified: agenda.now)
    }

    func write(_ bytes: [UInt8], to name: String, at offset: Int) throws(DiskError) {
        guard var file = files[name] else { throw .missing(name: name) }
        try fail("write")
        file.bytes.place(bytes, at: offset)
        file.pending.append((offset, bytes))
        files[name] = file
    }

    /// Cuts the file off.
    func truncate(_ name: String, to size: Int) throws(DiskError) {
        guard var file = files[name] else { throw .missing(name: name) }
        try fail("truncate")
        file.synchronize()
        file.bytes = Array(file.bytes.prefix(size))
        file.synced = Array(file.synced.prefix(size))
        files[name] = file
    }

    func synchronize(_ name: String) throws(DiskError) {
        guard files[name] != nil else { throw .missing(name: name) }
        if failures > 0 || failingSyncs > 0 {
            if failingSyncs > 0 { failingSyncs -= 1 } else { failures -= 1 }
            // What the kernel could not write it forgets: a later sync says nothing of it.
            files[name]?.pending = []
            throw .broken(operation: "fsync")
        }
        files[name]?.synchronize()
        if syncedNames[name] != nil { syncedNames[name] = files[name] }
    }

    func rename(_ name: String, to target: String) throws(DiskError) {
        guard let file = files[name] else { throw .missing(name: name) }
        try fail("rename")
        files[name] = nil
        files[target] = file
    }

    func remove(_ name: String) { files[name] = nil }

    func synchronizeDirectory() throws(DiskError) {
        if failures > 0 {
            failures -= 1
            throw .broken(operation: "fsync")
        }
        syncedNames = files
    }

    private func fail(_ operation: String) throws(DiskError) {
        if isFull { throw .full }
        guard failures > 0 else { return }
        failures -= 1
        throw .broken(operation: operation)
    }

    /// What the loss of power leaves: what was synced, and any part of the rest.
    func losePower() {
        var names = Set(files.keys).union(syncedNames.keys).sorted()
        // A name that was made or removed since the last sync of the directory may be either.
        names.removeAll { name in
            let (now, before) = (files[name] != nil, syncedNames[name] != nil)
            return now != before && random.once(in: 2) == now
        }
        var left: [String: File] = [:]
        for name in names {
            guard let file = files[name] ?? syncedNames[name] else { continue }
            left[name] = afterLoss(of: file)
        }
        files = left
        syncedNames = left
    }

    private func afterLoss(of file: File) -> File {
        var bytes = file.synced
        for write in file.pending {
            switch random.number(0...5) {
            case 0: break
            case 1, 2:
                // Torn: the file has grown, and only the front of the data is there; as often as not
                // all but its end, which is where what is read first looks whole.
                let most = random.once(in: 2) ? write.bytes.count : min(write.bytes.count, 64)
                let kept = write.bytes.count - random.number(0...most)
                let torn =
                    write.bytes.prefix(kept) + Array(repeating: 0, count: write.bytes.count - kept)
                bytes.place(Array(torn), at: write.offset)
            default:
                bytes.place(write.bytes, at: write.offset)
            }
        }
        return File(modified: file.modified, bytes: bytes, synced: bytes, pending: [])
    }
}

extension [UInt8] {
    /// Writes over what stands at the offset; a gap before it is filled with zeros.
    fileprivate mutating func place(_ new: [UInt8], at offset: Int) {
        if count < offset + new.count {
            append(contentsOf: repeatElement(0, count: offset + new.count - count))
        }
        replaceSubrange(offset..<offset + new.count, with: new)
    }
}
