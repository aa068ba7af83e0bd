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
            ("shipped:" + $0.path, $0.text)
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
            _ = try members(of: workflow)
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
        let tables: [JobDeclaration]
        switch file {
        case .selftest(let selftest):
            try refuseUnknown(set, job: file.name, declared: SelftestDeclaration.keys)
            return [try ResolvedJob(selftest, set: set)]
        case .table(let job): tables = [job]
        case .workflow(let workflow):
            do {
                tables = try members(of: workflow)
            } catch {
                throw .invalidFile(error)
            }
        }
        let declared = Set(tables.flatMap(\.parameters.keys)).sorted()
        try refuseUnknown(set, job: file.name, declared: declared)
        var jobs: [ResolvedJob] = []
        for table in tables { jobs.append(try ResolvedJob(table, set: set)) }
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

    /// The table jobs of a workflow; an unknown one is pointed at in the workflow's file.
    private func members(
        of workflow: WorkflowDeclaration
    ) throws(ConfigurationError) -> [JobDeclaration] {
        var members: [JobDeclaration] = []
        for (name, location) in zip(workflow.jobs, workflow.locations) {
            switch files[name] {
            case .table(let job)?: members.append(job)
            case .workflow?: throw location.error("'\(name)' is a workflow; list its jobs here")
            case .selftest?, nil:
                throw location.error(
                    "no job is named '\(name)'; " + Spelling.suggestion(for: name, in: names)
                        + "known are \(names.joined(separator: ", "))"
                )
            }
        }
        return members
    }
}
