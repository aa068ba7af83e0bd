import Catalog
import Identity
import Jobs
import Storage
import Transport

@testable import Coordinator

/// A coordinator in a folder, whose loop does not run.
///
/// `security` is that part of `cluster.yaml`; the files it names must be there.
func makeShell(
    in folder: String,
    security: String = "",
    loop: EventLoop
) throws -> CoordinatorShell {
    try Directory.create(path: folder + "/store")
    let configuration = try ClusterConfiguration.parse(
        text: """
            state: .
            storage: {tables: store}
            pools: [{name: zone-a, provider: static}, {name: zone-b, provider: static}]
            \(security)
            """,
        file: "test",
        baseDirectory: folder
    )
    let jobStore = try JobStore(path: folder + "/jobs.sqlite", loop: loop)
    let catalog = try Catalog(path: folder + "/store/catalog.sqlite", dataPath: folder + "/store/")
    try jobStore.beginReign(after: try catalog.lastReign(of: jobStore.identity))
    let protection = try ClusterSecurity(configuration)
    return CoordinatorShell(
        loop: loop,
        configuration: configuration,
        library: try JobLibrary(directories: []),
        jobStore: jobStore,
        security: protection,
        identities: try protection.authority.map {
            try IdentityRegistry(
                authority: $0,
                store: jobStore,
                certificateLifetime: configuration.security.workerCertificates
            )
        },
        catalog: catalog,
        processes: try ProcessPool(
            directory: folder + "/workers",
            coordinator: HostPort(host: "127.0.0.1", port: 1)
        ),
        commandPools: try CommandPools(loop: loop, configuration: configuration, epoch: 1)
    )
}
