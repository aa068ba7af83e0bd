/// Who has to leave when more want to stay than there are places.
///
/// The largest share pays: an address with few connections keeps them, however many another one
/// opens. So a flood from a hundred addresses pushes out itself, and not who asks once in a while.
package struct FairShare: Sendable {
    /// Places in all.
    package let places: Int
    /// Places of one address.
    package let placesPerAddress: Int

    package init(places: Int, placesPerAddress: Int) {
        precondition(places > 0 && placesPerAddress > 0, "nobody would have a place")
        self.places = places
        self.placesPerAddress = placesPerAddress
    }

    /// One connection that would like to stay.
    package struct Claim: Sendable {
        let number: Int
        let address: PeerAddress
        /// Of one address, those worth less leave first.
        let worth: Int64

        package init(number: Int, address: PeerAddress, worth: Int64) {
            self.number = number
            self.address = address
            self.worth = worth
        }
    }

    /// The numbers of those who have no place, in ascending order.
    package func surplus(of claims: [Claim]) -> [Int] {
        // Each address's claims, the most worthy first.
        let shares = Dictionary(grouping: claims, by: \.address)
            .mapValues { $0.sorted { ($0.worth, $0.number) > ($1.worth, $1.number) } }
        let level = level(of: shares.values.map(\.count))
        var leaving: [Int] = []
        // Those with one claim more than the level: the most worthy of them share what is left over.
        var marginal: [Claim] = []
        var placesLeft = places
        for share in shares.values {
            placesLeft -= min(share.count, level)
            let beyond = share.dropFirst(level)
            if level < placesPerAddress, let first = beyond.first { marginal.append(first) }
            leaving += beyond.dropFirst(level < placesPerAddress ? 1 : 0).map(\.number)
        }
        marginal.sort { ($0.worth, $0.number) > ($1.worth, $1.number) }
        leaving += marginal.dropFirst(placesLeft).map(\.number)
        return leaving.sorted()
    }

    /// The largest number of places that every address can have.
    private func level(of sizes: [Int]) -> Int {
        var level = placesPerAddress
        while level > 0, sizes.reduce(0, { $0 + min($1, level) }) > places { level -= 1 }
        return level
    }
}
