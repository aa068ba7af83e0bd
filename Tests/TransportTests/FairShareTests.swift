import Base
import Testing
import Transport

@Suite("Fair shares of connections")
struct FairShareTests {
    private let share = FairShare(places: 10, placesPerAddress: 4)

    private static func address(_ number: Int) -> PeerAddress {
        PeerAddress(bytes: [10, 0, UInt8(number >> 8), UInt8(number & 255)])
    }

    /// Claims numbered from 0 on, `counts[i]` of address i; a later one is worth more.
    private static func claims(_ counts: [Int]) -> [FairShare.Claim] {
        let owners = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        return owners.enumerated().map { number, owner in
            FairShare.Claim(number: number, address: address(owner), worth: Int64(number))
        }
    }

    @Test(
        "nobody leaves while all have a place",
        arguments: [[], [1], [4], [4, 4, 2], Array(repeating: 1, count: 10)]
    )
    func enough(counts: [Int]) {
        #expect(share.surplus(of: Self.claims(counts)) == [])
    }

    @Test("of an address with more than its share those worth least leave")
    func perAddress() {
        #expect(share.surplus(of: Self.claims([6, 1])) == [0, 1])
    }

    @Test("the largest shares pay for a newcomer")
    func largestPays() {
        // 4 + 4 + 2 + 1 are one too many: one of the first two addresses gives its least worthy.
        #expect(share.surplus(of: Self.claims([4, 4, 2, 1])) == [0])
    }

    @Test("an address with one connection keeps it, however many the others open")
    func smallStays() {
        let leaving = share.surplus(of: Self.claims([1, 4, 4, 4, 4]))
        #expect(!leaving.contains(0))
        #expect(leaving.count == 7)
    }

    @Test("with more addresses than places the most worthy stay")
    func manyAddresses() {
        let claims = Self.claims(Array(repeating: 2, count: 15))
        // One a place, of the address whose better one is worth most.
        let stay = Set(stride(from: 11, to: 30, by: 2))
        #expect(share.surplus(of: claims) == (0..<30).filter { !stay.contains($0) })
    }

    @Test("whatever the claims, the places are filled and never more", arguments: 0..<200)
    func random(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let counts = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
            Int.random(in: 0...9, using: &generator)
        }
        let leaving = share.surplus(of: Self.claims(counts).shuffled(using: &generator))
        #expect(leaving == share.surplus(of: Self.claims(counts)), "in whatever order they stand")
        let wanted = counts.map { min($0, share.placesPerAddress) }.reduce(0, +)
        #expect(counts.reduce(0, +) - leaving.count == min(wanted, share.places))
        let smallest = counts.filter { $0 > 0 }.min() ?? 0
        if smallest * counts.count <= share.places, smallest <= share.placesPerAddress {
            let numbers = counts.firstIndex(of: smallest).map { index in
                let start = counts[..<index].reduce(0, +)
                return start..<(start + smallest)
            }
            #expect(numbers?.allSatisfy { !leaving.contains($0) } ?? true)
        }
    }
}

@Suite("Addresses of clients")
struct PeerAddressTests {
    @Test("an IPv4 address is the same on both kinds of sockets")
    func mapped() {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1]
        #expect(PeerAddress(bytes: mapped) == PeerAddress(bytes: [192, 0, 2, 1]))
        #expect(PeerAddress(bytes: [192, 0, 2, 1]) != PeerAddress(bytes: [192, 0, 2, 2]))
    }

    @Test("an IPv6 network counts as one")
    func network() {
        func address(_ network: UInt8, _ host: UInt8) -> PeerAddress {
            PeerAddress(
                bytes: [0x20, 1, 0xD, 0xB8, 0, 0, 0, network] + [0, 0, 0, 0, 0, 0, 0, host]
            )
        }
        #expect(address(1, 1) == address(1, 2))
        #expect(address(1, 1) != address(2, 1))
    }
}
