import Transport

/// The connections whose worker has not said who it is: few, and cheap, whoever opens them.
///
/// Each holds a buffer for one hello, and 10 s after its beginning ``WorkerLink`` ends it. When more
/// come than there are places, ``FairShare`` tells which go: of the address with the most, the oldest,
/// because a worker says hello at once.
///
/// THREADING: belongs to the loop's thread.
struct Strangers {
    /// More in all than several racks of workers that start at once, and one rack of an address.
    static let share = FairShare(places: 512, placesPerAddress: 256)

    private struct Entry {
        let link: WorkerLink
        let address: PeerAddress
    }

    private var entries: [Int: Entry] = [:]
    private var nextNumber = 0

    /// Takes a connection in; returns those that have to go for it, itself perhaps among them.
    mutating func insert(_ link: WorkerLink, from address: PeerAddress) -> [WorkerLink] {
        entries[nextNumber] = Entry(link: link, address: address)
        nextNumber += 1
        let ofAddress = entries.values.count { $0.address == address }
        guard entries.count > Self.share.places || ofAddress > Self.share.placesPerAddress else {
            return []
        }
        let claims = entries.map { number, entry in
            FairShare.Claim(number: number, address: entry.address, worth: Int64(number))
        }
        return Self.share.surplus(of: claims).compactMap { entries.removeValue(forKey: $0)?.link }
    }

    /// Forgets a connection that is known now, or closed.
    mutating func remove(_ link: WorkerLink) {
        guard let entry = entries.first(where: { $0.value.link === link }) else { return }
        entries[entry.key] = nil
    }
}
