/// Connections that have not shown yet who they are: few, and cheap, whoever opens them.
///
/// When more come than there are places, ``FairShare`` tells which go: of the address with the most,
/// the oldest, because who means it says who he is at once.
///
/// THREADING: belongs to whoever owns the connections.
package struct Newcomers<Member: AnyObject> {
    private struct Entry {
        let member: Member
        let address: PeerAddress
    }

    private let share: FairShare
    private var entries: [Int: Entry] = [:]
    private var nextNumber = 0

    package init(share: FairShare) { self.share = share }

    /// In the order of their arrival.
    package var members: [Member] { entries.sorted { $0.key < $1.key }.map(\.value.member) }

    /// Takes one in; returns those that have to go for it, itself perhaps among them.
    package mutating func insert(_ member: Member, from address: PeerAddress) -> [Member] {
        entries[nextNumber] = Entry(member: member, address: address)
        nextNumber += 1
        let ofAddress = entries.values.count { $0.address == address }
        guard entries.count > share.places || ofAddress > share.placesPerAddress else { return [] }
        let claims = entries.map { number, entry in
            FairShare.Claim(number: number, address: entry.address, worth: Int64(number))
        }
        return share.surplus(of: claims).compactMap { entries.removeValue(forKey: $0)?.member }
    }

    /// Forgets one that is known now, or closed.
    package mutating func remove(_ member: Member) {
        guard let entry = entries.first(where: { $0.value.member === member }) else { return }
        entries[entry.key] = nil
    }
}
