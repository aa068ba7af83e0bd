import Base

/// Workflows: a template's jobs on a cluster, one after what it needs.
extension DataprocCore {
    mutating func advance(
        _ operation: OperationResource,
        _ run: WorkflowRun,
        _ world: World,
        _ now: Moment
    ) {
        var changed = run
        switch run.phase {
        case .creating: create(for: &changed, operation, world, now)
        case .working: work(on: &changed, operation, world, now)
        case .deleting: break
        }
        if changed != run {
            var operation = operation
            operation.goal = .workflow(changed)
            put(operation)
        }
        guard changed.phase == .deleting else { return }
        if let id = changed.deletion, operations[operation.name.sibling(id)]?.isDone == false {
            return
        }
        guard let current = operations[operation.name] else { return }
        end(current, changed.problem.map { .error($0) } ?? OperationResource.empty, at: now)
    }

    /// Makes the workflow's own cluster; its name gets a suffix, so that two runs do not meet.
    private mutating func create(
        for run: inout WorkflowRun,
        _ operation: OperationResource,
        _ world: World,
        _ now: Moment
    ) {
        guard let id = run.creation else {
            guard run.problem == nil else { return finish(&run, operation, now) }
            return begin(creating: &run, operation, world, now)
        }
        guard let creation = operations[operation.name.sibling(id)], creation.isDone else {
            if run.problem != nil { finish(&run, operation, now) }
            return
        }
        if case .error(let error) = creation.outcome {
            run.fail(error)
            run.cluster = nil
            return finish(&run, operation, now)
        }
        run.phase = .working
        work(on: &run, operation, world, now)
    }

    private mutating func begin(
        creating run: inout WorkflowRun,
        _ operation: OperationResource,
        _ world: World,
        _ now: Moment
    ) {
        let managed = run.managedCluster
        let base = managed?["clusterName"]?.text ?? ""
        let suffix = nextUUID().suffix(12)
        let call = Call(ofWorkflowIn: operation.name, world, at: now)
        do throws(RPCError) {
            let cluster = try addCluster(
                "\(base)-\(suffix)",
                config: managed?["config"] ?? .object([:]),
                labels: managed?["labels"]?.textFields ?? [:],
                call
            )
            let creation = self.begin(
                .create(keepsFailed: false),
                "CREATE",
                "Create cluster of a workflow",
                cluster: (cluster.name, cluster.uuid),
                labels: cluster.labels,
                requestID: nil,
                at: now
            )
            run.cluster = cluster.name.id
            run.clusterUUID = cluster.uuid
            run.creation = creation.name.id
        } catch {
            run.fail(error)
            finish(&run, operation, now)
        }
    }

    private mutating func work(
        on run: inout WorkflowRun,
        _ operation: OperationResource,
        _ world: World,
        _ now: Moment
    ) {
        run.dagStart = run.dagStart ?? now.wall.rfc3339
        if let timeout = run.dagTimeout, let start = run.dagStart.flatMap(ProtoText.timestamp),
            now.wall - start > timeout, run.problem == nil
        {
            run.fail(RPCError(.deadlineExceeded, "the workflow took longer than its dagTimeout"))
        }
        for index in run.nodes.indices { look(at: &run.nodes[index], operation, now) }
        run.settle()
        for index in run.nodes.indices where run.nodes[index].state == .runnable {
            start(index, of: &run, operation, world, now)
        }
        guard run.isOver else { return }
        if let failed = run.nodes.first(where: { $0.state == .failed }) {
            let text = "the step '\(failed.step)' has failed: \(failed.error ?? "")"
            run.problem = run.problem ?? RPCError(.unknown, text)
        }
        finish(&run, operation, now)
    }

    private func look(
        at node: inout WorkflowRun.Node,
        _ operation: OperationResource,
        _ now: Moment
    ) {
        guard node.state == .running, let id = node.job else { return }
        guard let job = jobs[operation.name.sibling(id)] else {
            node.state = .failed
            node.error = "its job was deleted"
            return
        }
        guard job.isEnded else { return }
        node.state = job.status.state == "DONE" ? .completed : .failed
        if node.state == .failed {
            node.error = job.status.current.detail ?? "its job is \(job.status.state)"
        }
    }

    private mutating func start(
        _ index: Int,
        of run: inout WorkflowRun,
        _ operation: OperationResource,
        _ world: World,
        _ now: Moment
    ) {
        let ordered = run.body["jobs"]?.elements[index].fields ?? [:]
        var body = ordered.filter { JobSchema.typeNames.contains($0.key) || $0.key == "scheduling" }
        var labels = ordered["labels"]?.textFields ?? [:]
        labels.merge(run.body["labels"]?.textFields ?? [:], uniquingKeysWith: { own, _ in own })
        body["labels"] = labels.isEmpty ? nil : .texts(labels)
        let step = run.nodes[index].step
        let id = "\(step)-\(nextUUID().prefix(13))"
        body["reference"] = .object(["jobId": .string(id)])
        body["placement"] = .object(["clusterName": .string(run.cluster ?? "")])
        let call = Call(ofWorkflowIn: operation.name, world, at: now)
        do throws(RPCError) {
            run.nodes[index].job = try addJob(.object(body), requestID: nil, call).name.id
            run.nodes[index].state = .running
        } catch {
            run.nodes[index].state = .failed
            run.nodes[index].error = error.message
        }
    }

    /// Ends the workflow's jobs and deletes its own cluster, in any case.
    private mutating func finish(
        _ run: inout WorkflowRun,
        _ operation: OperationResource,
        _ now: Moment
    ) {
        run.dagEnd = now.wall.rfc3339
        run.phase = .deleting
        for node in run.nodes {
            guard let job = node.job.flatMap({ jobs[operation.name.sibling($0)] }) else { continue }
            cancel(job, run.problem?.message, at: now)
        }
        guard run.managedCluster != nil, let id = run.cluster,
            let cluster = clusters[operation.name.sibling(id)],
            let deletion = try? delete(cluster, at: now)
        else { return }
        run.deletion = deletion.name.id
    }
}
