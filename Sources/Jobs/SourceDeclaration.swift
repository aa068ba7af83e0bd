import Base
package import Ingestion

/// Where a file of the raw store comes from.
package struct SourceDeclaration: Sendable, Equatable {
    package enum Location: Sendable, Equatable, CustomStringConvertible {
        case address(SourceAddress)
        /// An absolute path of the coordinator's machine.
        case file(String)

        package var description: String {
            switch self {
            case .address(let address): "\(address)"
            case .file(let path): "file:\(path)"
            }
        }
    }

    /// What the file is called in `ott.ingestion_log` and on the command line.
    package let dataset: String
    package let location: Location
    /// The file's name in the raw store, by which jobs read it.
    package let fileName: String
    /// The MD5 that the content must have, in lower-case hexadecimal; nil where any will do.
    package let md5: String?

    /// Reads where a file comes from as it is written: a URL, `file:PATH` or a path.
    ///
    /// The dataset is named after the file unless it has a name.
    package init(
        _ text: String,
        dataset: String? = nil,
        fileName: String? = nil,
        md5: String? = nil
    ) throws(SourceError) {
        location = try Self.location(text)
        self.fileName = fileName ?? Self.fileName(of: location)
        guard Self.isFileName(self.fileName) else { throw .badFileName(self.fileName) }
        self.dataset = dataset ?? Self.dataset(of: self.fileName)
        guard Names.isValid(self.dataset) else { throw .badDataset(self.dataset) }
        self.md5 = md5
    }

    private static func location(_ text: String) throws(SourceError) -> Location {
        if text.contains("://"), !text.hasPrefix("file:") {
            do throws(SourceAddressError) {
                return .address(try SourceAddress(text))
            } catch {
                throw .badAddress(text, error)
            }
        }
        var path = text.hasPrefix("file:") ? String(text.dropFirst(5)) : text
        if path.hasPrefix("///") { path = String(path.dropFirst(2)) }
        guard path.hasPrefix("/"), !path.hasPrefix("//"),
            !path.unicodeScalars.contains(where: \.isControl)
        else { throw .relativePath(text) }
        return .file(path)
    }

    private static func fileName(of location: Location) -> String {
        switch location {
        case .address(let address): address.fileName
        case .file(let path):
            String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
        }
    }

    /// A name that hides no file and leaves no folder.
    private static func isFileName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count) && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }

    /// `title.akas.tsv.gz` is the file of `title_akas`.
    private static func dataset(of fileName: String) -> String {
        var name = fileName.lowercased()
        for suffix in [".gz", ".tsv"] where name.hasSuffix(suffix) {
            name.removeLast(suffix.count)
        }
        return String(name.map { $0 == "." || $0 == "-" ? "_" : $0 })
    }
}

/// Why a text does not say where a file comes from.
package enum SourceError: Error, Equatable, Sendable, CustomStringConvertible {
    case badAddress(String, SourceAddressError)
    case relativePath(String)
    case badFileName(String)
    case badDataset(String)
    /// No source is declared for a dataset.
    case unknownDataset(String, known: [String])
    case twice(String)

    package var description: String { oneLine(message) }

    private var message: String {
        switch self {
        case .badAddress(let text, let error): "'\(text)': \(error)"
        case .relativePath(let text):
            "'\(text)' is neither a URL nor an absolute path of the coordinator's machine"
        case .badFileName(let name):
            "'\(name)' is no name for a file of the raw store: letters, digits, '.', '_' and '-', not "
                + "'.' or '-' first, at most 128; give 'file_name'"
        case .badDataset(let name):
            "'\(name)' is no name for a dataset: a letter a-z, then a-z, 0-9 and _, at most 63"
        case .unknownDataset(let name, let known):
            "no source is declared for a dataset '\(name)'; "
                + Spelling.suggestion(for: name, in: known)
                + "known are \(known.joined(separator: ", "))"
        case .twice(let name): "the dataset '\(name)' is named twice"
        }
    }
}
