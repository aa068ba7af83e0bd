/// All jobs and workflows that can be submitted by name: the shipped ones and the users'.
///
/// Immutable once read: a running coordinator keeps offering what it checked at its start.
package struct JobLibrary: Sendable {
    /// By name; each workflow's jobs are in here too.
    private let files: [String: JobFile]
    /// Where the files come from that jobs read from the raw store.
    package let sources: SourceLibrary

    /// Reads the shipped job files and the `*.yaml` right in each of `directories`.
    ///
    /// Files of sources are those beside the shipped ones.
    package init(
        directories: [String],
        sourceFiles: [String] = []
    ) throws(ConfigurationError) {
        var found: [(path: String, text: String)] = ShippedJobs.files.map {
            (ShippedJobs.sourcePrefix + $0.path, $0.text)
        }
        for directory in directories {
            for name in try ConfigurationFile.jobFiles(in: directory) {
                let path = directory + "/" + name
                found.append((path, try ConfigurationFile.read(path)))
            }
        }
        try self.init(files: found, sources: try SourceLibrary(files: sourceFiles))
    }

    private init(
        files found: [(path: String, text: String)],
        sources: SourceLibrary
    ) throws(ConfigurationError) {
        self.sources = sources
        var files = [SelftestDeclaration.name: JobFile.selftest(SelftestDeclaration())]
        var paths = [SelftestDeclaration.name: "built-in"]
        for (path, text) in found {
            let file = try JobFile.parse(text: text, file: path)
            if let other = paths.updateValue(path, forKey: file.name) {
                throw SourceLocation(file: path).error(
                    "'\(file.name)' is already the name of \(other); rename one of them"
                )
            }
            files[file.name] = file
        }
        self.files = files
        // After all files, as a workflow may stand in a file before its jobs.
        for name in files.keys.sorted() {
            guard case .workflow(let workflow)? = files[name] else { continue }
            for step in workflow.steps { _ = try work(of: step) }
        }
    }

    /// The names of all jobs and workflows, sorted.
    package var names: [String] { files.keys.sorted() }

    /// The job whose input is this file of the raw store.
    package func job(reading fileName: String) -> JobDeclaration? {
        for name in names {
            if case .table(let job)? = files[name], job.input == fileName { return job }
        }
        return nil
    }

    /// The jobs that are part of the binary, sorted by name.
    package var shippedJobs: [JobDeclaration] {
        names.compactMap { name in
            guard case .table(let job)? = files[name],
                job.source.hasPrefix(ShippedJobs.sourcePrefix)
            else { return nil }
            return job
        }
    }

    /// What to run for a name: one job, or the jobs of a workflow in the order of its list.
    ///
    /// `set` holds values of parameters; each must be declared by one of the jobs.
    package func resolve(
        _ name: String,
        set: [String: String]
    ) throws(JobError) -> [ResolvedJob] {
        guard let file = files[name] else {
            throw .unknownJob(name, near: Spelling.near(name, in: names), known: names)
        }
        return try resolve(file, set: set)
    }

    /// What to run for a job file that was sent whole; its jobs may be those of this library.
    package func resolve(
        fileText: String,
        file: String,
        set: [String: String]
    ) throws(JobError) -> [ResolvedJob] {
        let parsed: JobFile
        do {
            parsed = try JobFile.parse(text: fileText, file: file)
        } catch {
            throw .invalidFile(error)
        }
        return try resolve(parsed, set: set)
    }

    private func resolve(
        _ file: JobFile,
        set: [String: String]
    ) throws(JobError) -> [ResolvedJob] {
        switch file {
        case .selftest(let selftest):
            try refuseUnknown(set, job: file.name, declared: SelftestDeclaration.keys)
            return [try ResolvedJob(selftest, set: set)]
        case .table(let job):
            try refuseUnknown(set, job: file.name, declared: job.parameters.keys.sorted())
            return [try ResolvedJob(job, set: set)]
        case .workflow(let workflow):
            return try resolve(workflow, set: set)
        }
    }

    /// The jobs of all steps; what a step needs comes before it.
    private func resolve(
        _ workflow: WorkflowDeclaration,
        set: [String: String]
    ) throws(JobError) -> [ResolvedJob] {
        var jobs: [ResolvedJob] = []
        var places: [String: Range<Int>] = [:]
        var declared: Set<String> = []
        for step in workflow.steps {
            let members: [StepMember]
            do {
                members = try work(of: step)
            } catch {
                throw .invalidFile(error)
            }
            let first = jobs.count
            for member in members {
                var job: ResolvedJob
                switch member {
                case .table(let table):
                    declared.formUnion(table.parameters.keys)
                    job = try ResolvedJob(table, set: set)
                case .action(let action): job = ResolvedJob(action)
                }
                job.rules = step.rules
                job.rules.needs = step.needs.flatMap { Array(places[$0] ?? 0..<0) }
                jobs.append(job)
            }
            places[step.name] = first..<jobs.count
        }
        try refuseUnknown(set, job: workflow.name, declared: declared.sorted())
        return jobs
    }

    /// A misspelt `--set` must not run the job with the default instead.
    private func refuseUnknown(
        _ set: [String: String],
        job: String,
        declared: [String]
    ) throws(JobError) {
        for key in set.keys.sorted() where !declared.contains(key) {
            throw .unknownParameter(job: job, key: key, declared: declared)
        }
    }

    /// What a step does once for each of its names.
    private enum StepMember {
        case table(JobDeclaration)
        case action(StepAction)
    }

    /// What a step does; a name that is unknown is pointed at in the workflow's file.
    private func work(of step: WorkflowStep) throws(ConfigurationError) -> [StepMember] {
        var members: [StepMember] = []
        switch step.work {
        case .load(let jobs):
            for (name, location) in zip(jobs, step.locations) {
                members.append(.table(try table(named: name, at: location)))
            }
        case .ingest(let datasets):
            for (dataset, location) in zip(datasets, step.locations) {
                do throws(SourceError) {
                    members.append(.action(.ingest(try sources.source(of: dataset))))
                } catch {
                    throw location.error("\(error)")
                }
            }
        case .views(let views):
            let known = ShippedViews.all.map(\.name)
            for (name, location) in zip(views, step.locations) where !known.contains(name) {
                throw location.error(
                    "no view is named '\(name)'; " + Spelling.suggestion(for: name, in: known)
                        + "known are \(known.joined(separator: ", "))"
                )
            }
            members.append(.action(.views(views)))
        case .quality(let jobs):
            var tables: [JobDeclaration] = []
            for (name, location) in zip(jobs, step.locations) {
                tables.append(try table(named: name, at: location))
            }
            members.append(.action(.quality(tables)))
        }
        return members
    }

    private func table(
        named name: String,
        at location: SourceLocation
    ) throws(ConfigurationError) -> JobDeclaration {
        switch files[name] {
        case .table(let job)?: return job
        case .workflow?: throw location.error("'\(name)' is a workflow; list its jobs here")
        case .selftest?, nil:
            throw location.error(
                "no job is named '\(name)'; " + Spelling.suggestion(for: name, in: names)
                    + "known are \(names.joined(separator: ", "))"
            )
        }
    }
}
