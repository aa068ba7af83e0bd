/// A job as it will run: its declaration and the values of its parameters.
///
/// Store `text`, `source` and `parameters`; `JobLibrary.resolve(fileText:file:set:)` makes the same
/// job of them again.
package struct ResolvedJob: Sendable, Equatable {
    package enum Work: Sendable, Equatable {
        case table(JobDeclaration)
        case selftest(SelftestDeclaration)
        case action(StepAction)
    }

    package let work: Work
    /// The values of all parameters; of a selftest, those that were set.
    package let parameters: [String: String]
    /// The path or glob to read with the parameters filled in; nil where nothing is read.
    package let input: String?
    /// What a workflow says about it.
    package var rules = WorkflowRules()

    package var name: String {
        switch work {
        case .table(let job): job.name
        case .selftest: SelftestDeclaration.name
        case .action(let action): action.name
        }
    }

    /// The job file as text.
    package var text: String {
        switch work {
        case .table(let job): job.text
        case .selftest(let selftest): selftest.text
        case .action: ""
        }
    }

    /// The name of the job file, for messages.
    package var source: String {
        switch work {
        case .table(let job): job.source
        case .selftest, .action: "built-in"
        }
    }
}

extension ResolvedJob {
    package init(_ action: StepAction) {
        work = .action(action)
        parameters = [:]
        input = nil
    }

    /// Gives a table's job those of the values that it declares a parameter for.
    init(_ job: JobDeclaration, set: [String: String]) throws(JobError) {
        let values = job.parameters.merging(set.filter { job.parameters[$0.key] != nil }) { $1 }
        do {
            input = try InputTemplate(job.input).filled(values)
        } catch {
            throw .invalidParameter(job: job.name, reason: "'input' \(error.message)")
        }
        work = .table(job)
        parameters = values
    }

    /// Reads the values as the keys of a job file are read, with `--set` as their place.
    init(_ declared: SelftestDeclaration, set: [String: String]) throws(JobError) {
        let entries = set.sorted { $0.key < $1.key }.map { key, value in
            let place = SourceLocation(file: "--set \(key)")
            let node = YAMLNode(content: .scalar(value, isPlain: false), location: place)
            return YAMLEntry(key: key, location: place, value: node)
        }
        let settings = YAMLMapping(entries: entries, location: SourceLocation(file: "--set"))
        var selftest = declared
        do {
            try selftest.apply(settings)
        } catch {
            throw .invalidParameter(job: SelftestDeclaration.name, reason: error.description)
        }
        work = .selftest(selftest)
        parameters = set
        input = nil
    }
}
