import Base

/// Room on the file system of one folder.
struct Volume: Sendable, Equatable {
    let path: String
    let freeBytes: Int64
    let totalBytes: Int64
}

/// Decides whether there is too little room: below the reserve, until there is a little more again.
///
/// Pure: what was measured goes in.
struct SpaceGauge: Sendable {
    /// Free bytes that are to stay, where nothing is configured: failure-model.md, "Space".
    static let largestReserveBytes: Int64 = 2 << 30
    static let reserveShare: Int64 = 20
    /// The reserve and an eighth of it end a shortage, so that it does not come and go all the time.
    static let slackShare: Int64 = 8

    /// `scheduler.reserve`; nil for the default.
    let configuredReserveBytes: Int64?
    private(set) var shortage: String?

    init(configuredReserveBytes: Int64?) {
        self.configuredReserveBytes = configuredReserveBytes
    }

    func reserveBytes(of volume: Volume) -> Int64 {
        configuredReserveBytes
            ?? min(Self.largestReserveBytes, volume.totalBytes / Self.reserveShare)
    }

    /// Takes a measurement in; returns whether the shortage has begun, ended or moved.
    mutating func measure(_ volumes: [Volume]) -> Bool {
        let before = shortage
        let wasShort = before != nil
        let short = volumes.first { volume in
            let reserve = reserveBytes(of: volume)
            return volume.freeBytes < (wasShort ? reserve + reserve / Self.slackShare : reserve)
        }
        shortage = short.map { volume in
            "disk is nearly full: less than \(ByteCount(reserveBytes(of: volume))) are free for "
                + "\(volume.path); free space there, or lower scheduler.reserve"
        }
        return shortage != before
    }
}
