package import API
import Base

/// Which record of the job store holds a resource.
package struct RecordKey: Hashable, Comparable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case cluster
        case job
        case operation
        case template
        case policy
    }

    package let kind: Kind
    package let name: ResourceName

    init(_ kind: Kind, _ name: ResourceName) {
        self.kind = kind
        self.name = name
    }

    /// Unique among those of its kind; no part of it can hold a slash.
    package var text: String { "\(name.project)/\(name.region)/\(name.id)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.kind.rawValue, left.name) < (right.kind.rawValue, right.name)
    }
}

/// A record as it is to be written; without a body it is to go.
package struct RecordChange: Equatable, Sendable {
    package let key: RecordKey
    package let body: String?
}

/// Records: what of the state outlives the process.
extension DataprocCore {
    /// What has changed since it was asked the last time.
    package mutating func takeChanges() -> [RecordChange] {
        defer { changed.removeAll() }
        return changed.sorted().map { RecordChange(key: $0, body: body(of: $0)) }
    }

    /// Records that could not be written are to be written with the next ones.
    package mutating func writeAgain(_ changes: [RecordChange]) {
        changed.formUnion(changes.map(\.key))
    }

    private func body(of key: RecordKey) -> String? {
        switch key.kind {
        case .cluster: clusters[key.name].map(Self.text)
        case .job: jobs[key.name].map(Self.text)
        case .operation: operations[key.name].map(Self.text)
        case .template: templates[key.name].map(Self.text)
        case .policy: policies[key.name].map(Self.text)
        }
    }

    private static func text(_ value: some Encodable) -> String {
        String(decoding: JSON.encode(value), as: UTF8.self)
    }

    /// Takes a record up that an earlier process wrote.
    package mutating func restore(_ kind: RecordKey.Kind, _ body: String) throws(JSONError) {
        let bytes = Array(body.utf8)
        switch kind {
        case .cluster:
            let cluster = try JSON.decode(ClusterResource.self, from: bytes)
            clusters[cluster.name] = cluster
            noteSerial(cluster.serial)
        case .job:
            let job = try JSON.decode(JobResource.self, from: bytes)
            jobs[job.name] = job
            noteSerial(job.serial)
        case .operation:
            let operation = try JSON.decode(OperationResource.self, from: bytes)
            operations[operation.name] = operation
            noteSerial(operation.serial)
        case .template:
            let template = try JSON.decode(TemplateResource.self, from: bytes)
            templates[template.name] = template
        case .policy:
            let policy = try JSON.decode(PolicyResource.self, from: bytes)
            policies[policy.name] = policy
        }
    }

    /// Goes on with the jobs that have not ended, after all records are taken up.
    ///
    /// A submit is repeated under its request id, so it gives the job that it gave before, if any;
    /// queries read only, and are asked again.
    package mutating func resume() {
        for job in jobs.values.sorted(by: { $0.serial < $1.serial })
        where !job.isEnded && job.link == nil {
            order(job)
        }
    }
}
