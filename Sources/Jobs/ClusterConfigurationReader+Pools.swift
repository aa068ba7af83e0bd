import Base

/// The pools of `cluster.yaml`.
extension ClusterConfigurationReader {
    /// Without a declaration, one pool of two workers on this machine.
    private static let defaultPool = PoolDeclaration(
        name: PoolID("zone-a"),
        provider: .process,
        workers: 2
    )

    func pools(_ node: YAMLNode?) throws(ConfigurationError) -> [PoolDeclaration] {
        guard let node else { return [Self.defaultPool] }
        let elements = try node.elements("pools")
        guard (1...Bounds.pools).contains(elements.count) else {
            throw node.error("'pools' must list from 1 to \(Bounds.pools) pools")
        }
        var pools: [PoolDeclaration] = []
        for element in elements {
            let pool = try pool(element)
            guard !pools.contains(where: { $0.name == pool.name }) else {
                throw element.error("two pools are named '\(pool.name)'")
            }
            pools.append(pool)
        }
        return pools
    }

    /// One pool; counts that are left out give way to those that are written.
    private func pool(_ node: YAMLNode) throws(ConfigurationError) -> PoolDeclaration {
        let mapping = try YAMLMapping(
            node,
            "a pool",
            keys: [
                "name", "provider", "workers", "min_workers", "max_workers", "slots",
                "acquire_timeout", "autoscale",
            ] + Self.commandKeys
        )
        let defaults = Self.defaultPool
        let name = try hyphenatedName(try mapping.required("name"), "name")
        let provider = try provider(try mapping.required("provider"))
        let isStatic = provider == .static
        if isStatic { try refuseStartKeys(mapping) }
        // Workers elsewhere may cost something: none without a job, unless that is asked for.
        let workersByDefault = provider == .process ? defaults.workers : 0
        let workers = try mapping.integer("workers", in: Bounds.workers)
        let most = try mapping.integer("max_workers", in: Bounds.workers)
        let pool = PoolDeclaration(
            name: PoolID(name),
            provider: provider,
            workers: workers ?? min(workersByDefault, most ?? workersByDefault),
            minWorkers: try mapping.integer("min_workers", in: 1...Bounds.workers.upperBound)
                ?? defaults.minWorkers,
            maxWorkers: most
                ?? (isStatic
                    ? Bounds.workers.upperBound : max(defaults.maxWorkers, workers ?? 0)),
            slots: try mapping.integer("slots", in: Limits.slots) ?? defaults.slots,
            acquireTimeout: try mapping.duration(
                "acquire_timeout",
                default: defaults.acquireTimeout,
                in: Bounds.waiting
            ),
            autoscale: try mapping["autoscale"].map { node throws(ConfigurationError) in
                try autoscale(node)
            },
            command: try command(mapping, provider)
        )
        try checkCounts(pool, mapping)
        return pool
    }

    private func autoscale(
        _ node: YAMLNode
    ) throws(ConfigurationError) -> AutoscaleDeclaration {
        let mapping = try YAMLMapping(node, "'autoscale'", keys: ["tasks_per_worker", "cool_down"])
        var autoscale = AutoscaleDeclaration()
        autoscale.tasksPerWorker =
            try mapping.integer("tasks_per_worker", in: Bounds.tasksPerWorker)
            ?? autoscale.tasksPerWorker
        autoscale.coolDown = try mapping.duration(
            "cool_down",
            default: autoscale.coolDown,
            in: Bounds.waiting
        )
        return autoscale
    }

    private func provider(
        _ node: YAMLNode
    ) throws(ConfigurationError) -> PoolDeclaration.Provider {
        switch try node.text("provider") {
        case "process": return .process
        case "static": return .static
        case "command": return .command
        case let other:
            throw node.error("'provider' must be process, static or command, not '\(other)'")
        }
    }

    /// A key without effect is refused rather than ignored.
    private func refuseStartKeys(_ mapping: YAMLMapping) throws(ConfigurationError) {
        for key in ["workers", "slots", "autoscale"] {
            if let location = mapping.keyLocation(key) {
                throw location.error(
                    "'\(key)' has no effect on a static pool, whose workers join by themselves; "
                        + "leave it out"
                )
            }
        }
    }

    /// A pool that could never hold what it asks for is a slip, not an exhausted pool.
    private func checkCounts(
        _ pool: PoolDeclaration,
        _ mapping: YAMLMapping
    ) throws(ConfigurationError) {
        for (key, count) in [("workers", pool.workers), ("min_workers", pool.minWorkers)]
        where count > pool.maxWorkers {
            let location = mapping[key]?.location ?? mapping.location
            throw location.error(
                "'\(key)' is \(count), more than 'max_workers', \(pool.maxWorkers)"
            )
        }
    }
}
