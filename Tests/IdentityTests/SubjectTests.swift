import Base
import Identity
import Testing

@Suite("A subject is a role with a name")
struct SubjectTests {
    @Test(
        "its URI leads back to it",
        arguments: [
            Subject.coordinator(name: "ott"), .operator(name: "0admin"),
            .worker(pool: PoolID("zone-a"), name: "rack_1-b"),
        ]
    )
    func roundTrip(subject: Subject) {
        #expect(Subject(uri: subject.uri) == subject)
    }

    @Test(
        "anything else is nobody",
        arguments: [
            "", "otcluster:", "otcluster:worker", "otcluster:worker/zone-a", "otcluster:worker//x",
            "otcluster:worker/zone-a/x/y", "otcluster:coordinator/zone-a/x", "otcluster:root/x",
            "otcluster:worker/zone-a/X", "otcluster:worker/zone-a/x y", "otcluster:worker/../x",
            "otcluster:operator/-x", "https://worker/zone-a/x", "OTCLUSTER:worker/zone-a/x",
        ]
    )
    func refused(uri: String) {
        #expect(Subject(uri: uri) == nil)
    }

    @Test("a name has at most 63 characters")
    func length() {
        #expect(Subject.isValidName(String(repeating: "a", count: 63)))
        #expect(!Subject.isValidName(String(repeating: "a", count: 64)))
        #expect(!Subject.isValidName(""))
    }
}
