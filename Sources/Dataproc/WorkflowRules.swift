import Base

/// What a workflow template must be, and how its parameters are put in.
enum WorkflowRules {
    /// Jobs of one template; the API's own bound.
    private static let jobsLimit = 100

    static func check(_ body: JSONValue) throws(RPCError) {
        let placement = body["placement"]
        let isManaged = placement?["managedCluster"] != nil
        guard isManaged != (placement?["clusterSelector"] != nil) else {
            throw .invalid("'placement' must hold one of managedCluster and clusterSelector")
        }
        if isManaged {
            let name = placement?[path: ["managedCluster", "clusterName"]]?.text ?? ""
            guard ResourceRules.isClusterName(name), name.count <= 35 else {
                throw .invalid(
                    "'placement.managedCluster.clusterName' must be a lowercase letter and up to "
                        + "34 lowercase letters, digits and -"
                )
            }
        }
        if let timeout = body["dagTimeout"]?.text.flatMap(ProtoText.duration) {
            guard (.seconds(600) ... .seconds(86_400)).contains(timeout) else {
                throw .invalid("'dagTimeout' must be 600s to 86400s")
            }
        }
        try ResourceRules.check(labels: body["labels"]?.textFields ?? [:])
        try checkSteps(body["jobs"]?.elements ?? [])
        for parameter in body["parameters"]?.elements ?? [] { try check(parameter, of: body) }
    }

    private static func checkSteps(_ jobs: [JSONValue]) throws(RPCError) {
        guard (1...jobsLimit).contains(jobs.count) else {
            throw .invalid("'jobs' must hold 1 to \(jobsLimit) jobs")
        }
        let steps = jobs.map { $0["stepId"]?.text ?? "" }
        for step in steps { try DataprocCore.checkID(step, "'stepId' of a job") }
        guard Set(steps).count == steps.count else { throw .invalid("a 'stepId' comes twice") }
        // Each round takes out what needs nothing any more; what is left needs itself.
        var open = Dictionary(
            jobs.map { ($0["stepId"]?.text ?? "", Set($0["prerequisiteStepIds"]?.texts ?? [])) },
            uniquingKeysWith: { $1 }
        )
        for (step, needs) in open.sorted(by: { $0.key < $1.key }) {
            guard let unknown = needs.subtracting(steps).min() else { continue }
            throw .invalid("the step '\(step)' needs the step '\(unknown)', which there is not")
        }
        while !open.isEmpty {
            let free = Set(open.filter(\.value.isEmpty).keys)
            guard !free.isEmpty else {
                throw .invalid(
                    "the steps \(open.keys.sorted().joined(separator: ", ")) need each other"
                )
            }
            open = open.filter { !free.contains($0.key) }.mapValues { $0.subtracting(free) }
        }
    }

    // MARK: Parameters

    private static func check(_ parameter: JSONValue, of body: JSONValue) throws(RPCError) {
        let name = parameter["name"]?.text ?? ""
        let letters = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")) ~= byte || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte
        }
        guard letters, (1...40).contains(name.count), name.first?.isUppercase ?? false else {
            throw .invalid(
                "the parameter '\(name)' must be a capital letter and up to 39 of them, digits and _"
            )
        }
        let fields = parameter["fields"]?.texts ?? []
        guard !fields.isEmpty else { throw .invalid("the parameter '\(name)' has no fields") }
        for field in fields { _ = try replacing(field, in: body, with: "") }
        for pattern in parameter[path: ["validation", "regex", "regexes"]]?.texts ?? [] {
            guard regex(pattern) != nil else {
                throw .invalid(
                    "the parameter '\(name)' has a regex that cannot be read: \(pattern)"
                )
            }
        }
    }

    /// RE2 knows no more than this does, as far as parameters go.
    private static func regex(_ pattern: String) -> Regex<AnyRegexOutput>? {
        try? Regex(pattern)
    }

    /// The template with the values of its parameters.
    static func filled(
        _ body: JSONValue,
        with values: [String: String]
    ) throws(RPCError) -> JSONValue {
        var body = body
        let parameters = body["parameters"]?.elements ?? []
        let names = Set(parameters.compactMap { $0["name"]?.text })
        if let unknown = Set(values.keys).subtracting(names).min() {
            throw .invalid("the template has no parameter '\(unknown)'")
        }
        for parameter in parameters {
            let name = parameter["name"]?.text ?? ""
            guard let value = values[name] else {
                throw .invalid("the parameter '\(name)' has no value")
            }
            try check(value, name, parameter["validation"])
            for field in parameter["fields"]?.texts ?? [] {
                body = try replacing(field, in: body, with: value)
            }
        }
        return body
    }

    private static func check(
        _ value: String,
        _ name: String,
        _ validation: JSONValue?
    ) throws(RPCError) {
        let patterns = validation?[path: ["regex", "regexes"]]?.texts ?? []
        let matches = patterns.contains { pattern in
            regex(pattern).flatMap { try? $0.wholeMatch(in: value) } != nil
        }
        guard patterns.isEmpty || matches else {
            throw .invalid("the value of the parameter '\(name)' matches none of its regexes")
        }
        let values = validation?[path: ["values", "values"]]?.texts ?? []
        guard values.isEmpty || values.contains(value) else {
            throw .invalid("the parameter '\(name)' is one of \(values.joined(separator: ", "))")
        }
    }

    /// Puts a text at a place such as `jobs['step'].hadoopJob.args[0]`.
    private static func replacing(
        _ field: String,
        in body: JSONValue,
        with value: String
    ) throws(RPCError) -> JSONValue {
        guard let path = FieldPath(field), let result = path.setting(.string(value), in: body)
        else { throw .invalid("there is no field '\(field)' that a parameter could fill") }
        return result
    }
}

/// A place in a template, as parameters name it.
///
/// Keys are separated by dots; in brackets stands a key of a map or a step's id in quotes, or the
/// place in a list.
struct FieldPath {
    private enum Part {
        case key(String)
        case index(Int)
    }

    private static let maps: Set = ["labels", "metadata", "properties"]

    private var parts: [Part] = []

    init?(_ text: String) {
        var rest = text[...]
        while !rest.isEmpty {
            if rest.first == "[" {
                guard let end = rest.firstIndex(of: "]") else { return nil }
                let inside = rest[rest.index(after: rest.startIndex)..<end]
                if inside.first == "'", inside.last == "'", inside.count > 2 {
                    parts.append(.key(String(inside.dropFirst().dropLast())))
                } else {
                    guard let index = Int(inside), index >= 0 else { return nil }
                    parts.append(.index(index))
                }
                rest = rest[rest.index(after: end)...]
                if rest.first == "." { rest.removeFirst() }
            } else {
                let word = rest.prefix { $0 != "." && $0 != "[" }
                guard !word.isEmpty else { return nil }
                parts.append(.key(ProtoText.camelCase(String(word))))
                rest.removeFirst(word.count)
                if rest.first == "." { rest.removeFirst() }
            }
        }
        guard !parts.isEmpty else { return nil }
    }

    /// The value with another one at this place; nil where there is no such place.
    func setting(_ new: JSONValue, in value: JSONValue) -> JSONValue? {
        Self.set(parts[...], to: new, in: value)
    }

    private static func set(
        _ parts: ArraySlice<Part>,
        to new: JSONValue,
        in value: JSONValue
    ) -> JSONValue? {
        guard let part = parts.first else {
            // Numbers are filled as the texts they may come as, too.
            if case .number = value {
                return new.text.flatMap(Int.init).map { .integer($0) } ?? value
            }
            return new
        }
        let rest = parts.dropFirst()
        switch (part, value) {
        case (.key(let key), .object(var fields)):
            // A label or property may be missing, and all of them; a whole message not.
            let isMap = maps.contains(key)
            guard fields[key] != nil || rest.isEmpty || isMap else { return nil }
            let field = fields[key] ?? (rest.isEmpty ? .string("") : .object([:]))
            guard let changed = set(rest, to: new, in: field) else { return nil }
            fields[key] = changed
            return .object(fields)
        case (.key(let step), .array(var list)):
            guard let index = list.firstIndex(where: { $0["stepId"]?.text == step }),
                let changed = set(rest, to: new, in: list[index])
            else { return nil }
            list[index] = changed
            return .array(list)
        case (.index(let index), .array(var list)):
            guard list.indices.contains(index), let changed = set(rest, to: new, in: list[index])
            else { return nil }
            list[index] = changed
            return .array(list)
        default: return nil
        }
    }
}
