import API
import Base
import Dispatch
import Storage
import Transport

/// Measures the room on the disks of state and store, and tells when there is too little.
///
/// Lives on the loop; the measuring, which may wait for a file system, has a queue of its own.
final class SpaceMonitor {
    /// Time between two measurements.
    ///
    /// The default reserve is far more than a coordinator writes in it.
    static let interval = Duration.seconds(1)

    private let loop: EventLoop
    private let paths: [String]
    private let queue = DispatchQueue(label: "space")
    private var gauge: SpaceGauge
    private var isMeasuring = false
    /// What the last complete measurement found.
    private(set) var volumes: [Volume] = []
    private let onChange: (String?) -> Void

    init(
        loop: EventLoop,
        paths: [String],
        gauge: SpaceGauge,
        onChange: @escaping (String?) -> Void
    ) {
        self.loop = loop
        self.paths = paths
        self.gauge = gauge
        self.onChange = onChange
    }

    func reserveBytes(of volume: Volume) -> Int64 { gauge.reserveBytes(of: volume) }

    /// Measures once, unless the last measurement still waits for its file system.
    func measure() {
        guard !isMeasuring else { return }
        isMeasuring = true
        let monitor = LoopBound(self, loop: loop)
        let (paths, loop) = (self.paths, self.loop)
        queue.async {
            let volumes = paths.map { path in
                Result { () throws(StorageError) in
                    Volume(
                        path: path,
                        freeBytes: try Directory.freeSpaceBytes(path: path),
                        totalBytes: try Directory.capacityBytes(path: path)
                    )
                }
            }
            loop.execute { monitor.value.measured(volumes) }
        }
    }

    private func measured(_ volumes: [Result<Volume, StorageError>]) {
        isMeasuring = false
        var known: [Volume] = []
        for volume in volumes {
            switch volume {
            case .success(let volume): known.append(volume)
            case .failure(let error): CoordinatorLog.write("room on a disk is not known: \(error)")
            }
        }
        guard known.count == volumes.count else { return }
        self.volumes = known
        guard gauge.measure(known) else { return }
        CoordinatorLog.write(gauge.shortage ?? "there is room on the disks again")
        onChange(gauge.shortage)
    }

    /// The room as it was measured last; two folders on one file system are one level.
    var levels: [ResourceLevel] {
        var levels: [ResourceLevel] = []
        for (index, volume) in volumes.enumerated() {
            let isSame = { (other: Volume) in
                (other.freeBytes, other.totalBytes) == (volume.freeBytes, volume.totalBytes)
            }
            guard !volumes[..<index].contains(where: isSame) else { continue }
            let paths = volumes.filter(isSame).map(\.path)
            let reserve = gauge.reserveBytes(of: volume)
            levels.append(
                ResourceLevel(
                    name: "Disk",
                    usedBytes: volume.totalBytes - volume.freeBytes,
                    limitBytes: volume.totalBytes,
                    meaning:
                        "of \(paths.joined(separator: " and ")); nothing new is begun when less "
                        + "less than \(ByteCount(reserve)) are free",
                    isShort: volume.freeBytes < reserve
                )
            )
        }
        return levels
    }
}
