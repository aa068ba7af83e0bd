import Testing
import Transport

@Suite("Connections that have not shown who they are")
struct NewcomersTests {
    private final class Member {}

    private let share = FairShare(places: 4, placesPerAddress: 3)
    private let one = PeerAddress(bytes: [10, 0, 0, 1])
    private let other = PeerAddress(bytes: [10, 0, 0, 2])

    @Test("of an address beyond its share the oldest goes")
    func perAddress() {
        var newcomers = Newcomers<Member>(share: share)
        let members = (0..<4).map { _ in Member() }
        for member in members.dropLast() {
            #expect(newcomers.insert(member, from: one).isEmpty)
        }
        #expect(newcomers.insert(members[3], from: one).map(id) == [id(members[0])])
        #expect(newcomers.members.map(id) == members.dropFirst().map(id))
    }

    @Test("when there are too many in all, the address with the most gives way")
    func inAll() {
        var newcomers = Newcomers<Member>(share: share)
        let (first, flood, last) = (Member(), (0..<3).map { _ in Member() }, Member())
        for member in flood { #expect(newcomers.insert(member, from: one).isEmpty) }
        #expect(newcomers.insert(first, from: other).isEmpty)
        #expect(newcomers.insert(last, from: other).map(id) == [id(flood[0])])
    }

    @Test("a place is free again when its connection is known or closed")
    func removal() {
        var newcomers = Newcomers<Member>(share: share)
        let members = (0..<3).map { _ in Member() }
        for member in members { #expect(newcomers.insert(member, from: one).isEmpty) }
        newcomers.remove(members[1])
        newcomers.remove(members[1])
        #expect(newcomers.insert(Member(), from: one).isEmpty)
        #expect(newcomers.members.count == 3)
    }

    private func id(_ member: Member) -> ObjectIdentifier { ObjectIdentifier(member) }
}
