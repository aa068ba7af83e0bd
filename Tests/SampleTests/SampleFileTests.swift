import Glibc
import Sample
import TestSupport
import Testing

@Suite("The sample's files")
struct SampleFileTests {
    @Test("each file is one gzip member with the checksum and length of its text")
    func filesAreGzip() throws {
        try withTemporaryFolder { folder in
            try writeSample(scale: 0.00001, seed: 3, into: folder + "/made/of/folders")
            for table in SampleTable.allCases {
                let file = try contents(folder + "/made/of/folders/" + table.fileName)
                let text = try sampleText(of: table, scale: 0.00001, seed: 3)
                // RFC 1952 section 2.3: magic, deflate, no flags, no time; CRC-32 and length last.
                #expect(Array(file.prefix(8)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
                #expect(littleEndian(file.suffix(8).prefix(4)) == crc32(text))
                #expect(littleEndian(file.suffix(4)) == UInt32(text.count))
            }
        }
    }

    @Test(
        "the text stays the same from version to version",
        arguments: [
            (.titleRatings, 0x87EF_95D8), (.titleEpisode, 0x72D0_1204), (.titleCrew, 0xFF0C_EB51),
            (.titleBasics, 0x1165_513A),
            (.nameBasics, 0x5E80_FFE5), (.titleAkas, 0x213B_0746), (.titlePrincipals, 0x9A3A_A24F),
        ] as [(SampleTable, UInt32)]
    )
    func isPinned(_ table: SampleTable, _ checksum: UInt32) throws {
        #expect(crc32(try sampleText(of: table, scale: 0.00001, seed: 1)) == checksum)
    }

    @Test("writing again replaces the files with the same bytes and leaves nothing else behind")
    func writingTwiceIsHarmless() throws {
        try withTemporaryFolder { folder in
            try writeSample(scale: 0.00001, seed: 4, into: folder)
            let before = try SampleTable.allCases.map { try contents(folder + "/" + $0.fileName) }
            try writeSample(scale: 0.00001, seed: 4, into: folder)
            let after = try SampleTable.allCases.map { try contents(folder + "/" + $0.fileName) }
            #expect(before == after)
            for table in SampleTable.allCases {
                #expect(access(folder + "/" + table.fileName + ".partial", F_OK) != 0)
            }
        }
    }

    @Test("a folder that cannot be made is an error with call, path and reason")
    func tellsWhatFailed() throws {
        try withTemporaryFolder { folder in
            try writeSample(scale: 0.00001, seed: 5, into: folder)
            let file = folder + "/title.crew.tsv.gz"
            #expect {
                try writeSample(scale: 0.00001, seed: 5, into: file)
            } throws: { error in
                "\(error)".hasPrefix("open \(file)/title.ratings.tsv.gz.partial: Not a directory")
            }
        }
    }
}

/// CRC-32 as in RFC 1952 section 8, bit by bit: slow, and independent of zlib.
private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = ~0
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~crc
}

private func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}

private func contents(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "rb"), "\(path)")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
        bytes += buffer[..<count]
    }
    return bytes
}
