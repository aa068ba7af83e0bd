import Identity
import Testing

@Suite("A secret is not shown")
struct SecretTests {
    private struct Holder {
        let name = "holder"
        let secret = Secret(Array("hunter2".utf8))
    }

    @Test("whatever prints it prints three stars")
    func printing() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        let texts = [
            "\(holder.secret)", String(reflecting: holder.secret), "\(holder)",
            String(reflecting: holder), "\([holder.secret])", "\(Optional(holder.secret) as Any)",
            dumped,
        ]
        for text in texts {
            #expect(!text.contains("hunter2"), "\(text)")
            #expect(!text.contains("104"), "the bytes of it: \(text)")
            #expect(text.contains("***"), "\(text)")
        }
    }

    @Test("it equals the same bytes alone")
    func comparison() {
        let secret = Secret(Array("hunter2".utf8))
        #expect(secret.equals(Secret(Array("hunter2".utf8))))
        for other in ["hunter3", "hunter", "hunter22", ""] {
            #expect(!secret.equals(Secret(Array(other.utf8))))
        }
    }
}
