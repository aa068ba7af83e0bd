/// The scales a sample may have; 1 is about the size of the real files.
///
/// The upper bound keeps every ordinal within the 40 million identifiers that `Population` has.
package let sampleScales = 0.00001...2.0

/// Writes a made-up set of the seven IMDb files into a folder, which is created where missing.
///
/// The same scale and seed give the same bytes. A file that stands there already is replaced as a
/// whole; an error leaves the files that were finished before it.
package func writeSample(
    scale: Double,
    seed: UInt64,
    into directory: String
) throws(SampleError) {
    let population = try Population(scale: scale, seed: seed)
    let vocabulary = Vocabulary()
    try OutputFile.createDirectory(directory)
    for table in SampleTable.allCases {
        let file = try OutputFile(path: directory + "/" + table.fileName)
        let gzip = try GzipWriter { bytes throws(SampleError) in try file.write(bytes) }
        try emitText(of: table, population, vocabulary) { text throws(SampleError) in
            try gzip.write(text)
        }
        try gzip.finish()
        try file.publish()
    }
}

/// The uncompressed bytes of one table's file, for tests of small samples.
package func sampleText(
    of table: SampleTable,
    scale: Double,
    seed: UInt64
) throws(SampleError) -> [UInt8] {
    var whole: [UInt8] = []
    let population = try Population(scale: scale, seed: seed)
    try emitText(of: table, population, Vocabulary()) { text throws(SampleError) in whole += text }
    return whole
}

/// One table's file as it is written, for measurements.
package func sampleFile(
    of table: SampleTable,
    scale: Double,
    seed: UInt64
) throws(SampleError) -> [UInt8] {
    var whole: [UInt8] = []
    let gzip = try GzipWriter { bytes throws(SampleError) in whole += bytes }
    try gzip.write(try sampleText(of: table, scale: scale, seed: seed))
    try gzip.finish()
    return whole
}

/// Bytes of text collected before they are handed on: few calls, little memory.
private let pieceBytes = 256 << 10

private func emitText(
    of table: SampleTable,
    _ population: Population,
    _ vocabulary: Vocabulary,
    to sink: ([UInt8]) throws(SampleError) -> Void
) throws(SampleError) {
    var rows = RowMaker(population: population, vocabulary: vocabulary)
    rows.text.header(table.columns)
    let entities = table == .nameBasics ? population.people : population.titles
    for ordinal in 0..<entities {
        rows.appendRows(of: table, ordinal)
        if rows.text.bytes.count >= pieceBytes {
            try sink(rows.text.bytes)
            rows.text.bytes.removeAll(keepingCapacity: true)
        }
    }
    try sink(rows.text.bytes)
}
