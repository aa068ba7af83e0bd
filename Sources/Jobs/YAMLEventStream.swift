import CYAML

/// The events of one YAML text, from libyaml's parser.
///
/// Owns the parser and the bytes it reads; not thread-safe, one caller uses it up. libyaml keeps a
/// pointer to its own parser struct, hence the allocation that never moves.
final class YAMLEventStream {
    enum Event {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    private let file: String
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    init(text: String, file: String) throws(ConfigurationError) {
        self.file = file
        // Once the encoding is stated, libyaml takes a byte order mark for content.
        let mark = "\u{FEFF}"
        let utf8 = text.utf8.dropFirst(text.utf8.starts(with: mark.utf8) ? mark.utf8.count : 0)
        bytes = .allocate(capacity: max(1, utf8.count))
        _ = bytes.initialize(from: utf8)
        parser = .allocate(capacity: 1)
        // Zeroed, so that `deinit` may delete a parser whose initialization failed.
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            throw SourceLocation(file: file).error("no memory to parse it")
        }
        // Stated, because libyaml would otherwise take a UTF-16 byte order mark at its word.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, utf8.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The next event and its place.
    func next() throws(ConfigurationError) -> (event: Event, location: SourceLocation) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&event) }
        let location = location(of: event.start_mark)
        return (try translate(event, at: location), location)
    }

    /// Copies what is needed out of an event, whose memory its caller frees.
    private func translate(
        _ event: yaml_event_t,
        at location: SourceLocation
    ) throws(ConfigurationError) -> Event {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, at: location)
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return .scalar(String(decoding: text, as: UTF8.self), isPlain: isPlain)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            try refuse(anchor: start.anchor, tag: start.tag, at: location)
            return .sequenceStart
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try refuse(anchor: start.anchor, tag: start.tag, at: location)
            return .mappingStart
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: throw location.error("aliases (*name) are not supported; write the value out")
        }
    }

    /// Anchors let a few bytes mean gigabytes, and tags pick types; a configuration needs neither.
    private func refuse(
        anchor: UnsafeMutablePointer<UInt8>?,
        tag: UnsafeMutablePointer<UInt8>?,
        at location: SourceLocation
    ) throws(ConfigurationError) {
        if anchor != nil {
            throw location.error("anchors (&name) are not supported; write the value out")
        }
        if tag != nil {
            throw location.error("tags (!name) are not supported; quote text that begins with '!'")
        }
    }

    /// What libyaml says about text that is not YAML.
    private func syntaxError() -> ConfigurationError {
        guard let problem = parser.pointee.problem else {
            return SourceLocation(file: file).error("no memory to parse it")
        }
        let text = "not YAML: " + String(cString: problem)
        // The reader knows only an offset; scanner and parser know line and column.
        guard parser.pointee.error == YAML_READER_ERROR else {
            return location(of: parser.pointee.problem_mark).error(text)
        }
        return location(ofByte: parser.pointee.problem_offset).error(text)
    }

    /// libyaml counts lines and characters from 0.
    private func location(of mark: yaml_mark_t) -> SourceLocation {
        SourceLocation(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private func location(ofByte offset: Int) -> SourceLocation {
        let before = String(decoding: bytes.prefix(offset), as: UTF8.self).unicodeScalars
        let line = before.count { $0 == "\n" } + 1
        let column = before.reversed().prefix { $0 != "\n" }.count + 1
        return SourceLocation(file: file, line: line, column: column)
    }
}
