import Base
import Testing

@Suite("ByteCount")
struct ByteCountTests {
    @Test(
        "is written in the largest binary unit that leaves at least one",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
            (16 << 20, "16.0 MiB"), (-2048, "-2.0 KiB"), (Int64.max, "8192.0 PiB"),
        ] as [(Int64, String)]
    )
    func description(_ bytes: Int64, _ text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test("is ordered by size")
    func order() {
        #expect(ByteCount(1) < ByteCount(2))
        #expect(!(ByteCount(2) < ByteCount(2)))
    }
}
