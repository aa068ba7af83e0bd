import Base
import Glibc
import Identity
import Storage
import Transport

/// Worker processes that the coordinator starts on its own machine.
///
/// They live in sessions of their own, so that they outlive the coordinator; a file a process under
/// `STATE/workers` (its name the process id, its content the start time) lets `otjob down` find them
/// when the coordinator is gone. Lives on the loop.
final class ProcessPool {
    struct Launch {
        let pool: PoolID
        /// Our end of the way on which the process takes memory over.
        let handover: MemoryHandover
        var hasJoined = false
    }

    private let directory: String
    private let coordinator: HostPort
    private var launched: [pid_t: Launch] = [:]

    init(directory: String, coordinator: HostPort) throws(StorageError) {
        self.directory = directory
        self.coordinator = coordinator.fromThisHost
        try Directory.create(path: directory)
    }

    /// Starts one worker; throws with the system's reason.
    ///
    /// Its identity, where it needs one, goes through a pipe: it is in no file and no list of
    /// arguments.
    func launch(_ pool: PoolID, slots: Int, identity: Credentials?) throws(StorageError) {
        var arguments = [
            "otjob", "worker", "--coordinator", "\(coordinator)", "--pool", "\(pool)", "--slots",
            "\(slots)",
        ]
        let (handover, childsEnd) = try MemoryHandover.pair()
        defer { close(childsEnd) }
        let input = try identity.map { identity throws(StorageError) in
            try ProcessInput(identity.text)
        }
        if input != nil { arguments += ["--identity", "-"] }
        let pid = try withExtendedLifetime(input) { () throws(StorageError) in
            try ChildProcess.start(
                ChildProcess.thisProgram,
                arguments,
                inNewSession: true,
                input: input.map { .descriptor($0.descriptor) } ?? .none,
                handover: childsEnd
            )
        }
        do throws(StorageError) {
            try note(pid)
        } catch {
            // One that `otjob down` could not find must not run.
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
        launched[pid] = Launch(pool: pool, handover: handover)
    }

    /// Marks a started worker as joined; false when the process is none of ours or has joined before.
    func markJoined(_ pid: pid_t) -> Bool {
        guard let launch = launched[pid], !launch.hasJoined else { return false }
        launched[pid]?.hasJoined = true
        return true
    }

    /// Whether the process was started here, has joined, and was not seen to end.
    func hasJoined(_ pid: pid_t) -> Bool { launched[pid]?.hasJoined ?? false }

    /// The way to let a process read memory that was started here; nil for others.
    func handover(to pid: pid_t) -> MemoryHandover? { launched[pid]?.handover }

    /// Collects processes that ended: their pools, whether they had joined, and how they ended.
    func reap() -> [(pid: pid_t, launch: Launch, end: ProcessEnd)] {
        var ended: [(pid_t, Launch, ProcessEnd)] = []
        for (pid, launch) in launched.sorted(by: { $0.key < $1.key }) {
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { continue }
            launched[pid] = nil
            forget(pid)
            ended.append((pid, launch, ProcessEnd(waitStatus: status)))
        }
        return ended
    }

    /// Process ids of workers noted here that live, also those of an earlier coordinator.
    func living() -> [pid_t] {
        guard let names = try? Directory.list(path: directory) else { return [] }
        return names.compactMap { name in
            guard let pid = pid_t(name) else { return nil }
            if let entry = ProcessEntry(pid: pid), entry.startTicks == noted(pid) { return pid }
            forget(pid)
            return nil
        }
    }

    /// How many workers of an earlier coordinator live, by the pool that they were started for.
    func livingByPool() -> [PoolID: Int] {
        var counts: [PoolID: Int] = [:]
        for pid in living() {
            let words = ProcessEntry(pid: pid)?.commandLine ?? []
            guard let flag = words.firstIndex(of: "--pool"), flag + 1 < words.endIndex else {
                continue
            }
            counts[PoolID(words[flag + 1]), default: 0] += 1
        }
        return counts
    }

    private func note(_ pid: pid_t) throws(StorageError) {
        let text = Array("\(ProcessEntry(pid: pid)?.startTicks ?? 0)\n".utf8)
        let file = try File.create(path: "\(directory)/\(pid)", exclusive: false)
        try file.write(text, at: 0)
    }

    private func noted(_ pid: pid_t) -> UInt64? {
        FileText.read("\(directory)/\(pid)").flatMap { UInt64($0.prefix { $0.isNumber }) }
    }

    private func forget(_ pid: pid_t) {
        if Directory.exists(path: "\(directory)/\(pid)") {
            removeQuietly("\(directory)/\(pid)")
        }
    }
}
