// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A module of ours.
///
/// Arrows go down only: see ARCHITECTURE.md for the layers.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one module, in `Tests/<name>Tests`.
func tests(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.byName(name: name)] + dependencies,
        exclude: exclude,
        swiftSettings: strict
    )
}

/// A C library of the system: Debian's package, found through pkg-config.
func system(_ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let package = Package(
    name: "otcluster",
    products: [.executable(name: "otjob", targets: ["otjob"])],
    targets: [
        // C libraries
        system("CSQLite", pkgConfig: "sqlite3", debian: "libsqlite3-dev"),
        system("COpenSSL", pkgConfig: "openssl", debian: "libssl-dev"),
        system("CEvent", pkgConfig: "libevent_pthreads", debian: "libevent-dev"),
        system("CISAL", pkgConfig: "libisal", debian: "libisal-dev"),
        system("CZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
        system("CZstd", pkgConfig: "libzstd", debian: "libzstd-dev"),
        system("CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        .systemLibrary(name: "CLinux"),
        .target(name: "CShims", cSettings: [.unsafeFlags(["-O2"])]),
        // libcurl is loaded when it is needed: see CCurl.h.
        .target(name: "CCurl"),

        // Vocabulary
        .target(
            name: "Base",
            swiftSettings: strict,
            // Rounding of Double, for targets that import no C library themselves.
            linkerSettings: [.linkedLibrary("m")]
        ),
        module("Columns", ["Base"]),

        // Pure: no clock, no file, no socket
        module("Scheduling", ["Base"]),
        module("Wire", ["Base", "Columns"]),
        module("Working", ["Base", "Columns", "Wire"]),
        module("API", ["Base"]),
        module("Dataproc", ["API", "Base"]),
        .target(
            name: "Dashboard",
            dependencies: ["API", "Base"],
            // Style and script become part of the binary.
            resources: [.embedInCode("Static")],
            swiftSettings: strict
        ),
        module("Gzip", ["Base", "CISAL", "CShims"]),
        module("Spool", ["Base", "Gzip", "Wire"]),
        module("Sorting", ["Base", "Columns", "Gzip", "Wire"]),
        module("TSV", ["Base", "Columns", "CShims"]),
        module("Parquet", ["Base", "Columns", "CZstd", "CShims"]),
        module("Ingestion", ["Base"]),
        module("Sample", ["Base", "CZlib"]),
        module("Simulation", ["Base", "Columns", "Scheduling", "Spool", "Wire", "Working"]),

        // I/O
        module("Storage", ["Base", "CLinux", "COpenSSL"]),
        module("Database", ["Base", "CSQLite"]),
        module("Query", ["Base", "Storage"]),
        module("Identity", ["Base", "COpenSSL", "Storage"]),
        module("Transport", ["Base", "CEvent", "COpenSSL", "Identity"]),
        module("Channel", ["Base", "Transport", "Wire"]),
        module("HTTP", ["Base", "CEvent", "Identity", "Transport"]),
        module("Transfer", ["Base", "CCurl", "Ingestion"]),

        // Domain
        .target(
            name: "Jobs",
            dependencies: ["Base", "Columns", "CYAML", "Ingestion"],
            // Links to folders at the root: what is shipped becomes part of the binary.
            resources: [
                .embedInCode("Shipped"), .embedInCode("ShippedSources"),
                .embedInCode("ShippedViews"), .embedInCode("ShippedWorkflows"),
            ],
            swiftSettings: strict
        ),
        module("Catalog", ["Base", "Columns", "Database", "Storage"]),

        // Processes
        module(
            "Coordinator",
            [
                "API", "Base", "Catalog", "Channel", "Columns", "Dashboard", "Database",
                "Dataproc", "Gzip",
                "HTTP", "Identity", "Ingestion", "Jobs",
                "Parquet", "Query", "Scheduling", "Sorting", "Spool", "Storage", "TSV", "Transfer",
                "Transport", "Wire",
            ]
        ),
        module(
            "Worker",
            [
                "API", "Base", "Channel", "Columns", "Gzip", "HTTP", "Identity", "Parquet",
                "Sorting", "Storage", "TSV", "Transport", "Wire", "Working",
            ]
        ),
        module(
            "CLI",
            ["API", "Base", "HTTP", "Identity", "Jobs", "Query", "Storage", "Transport", "Wire"]
        ),
        module(
            "Benchmarks",
            [
                "Base", "Catalog", "Channel", "Columns", "Gzip", "Jobs", "Parquet", "Sample",
                "Scheduling", "Spool", "Storage", "TSV", "Transport", "Wire", "Working",
            ]
        ),
        .executableTarget(
            name: "otjob",
            dependencies: ["CLI", "Coordinator", "Sample", "Worker"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Simulator",
            dependencies: ["Simulation"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Bench",
            dependencies: ["Benchmarks"],
            swiftSettings: strict
        ),
    ] + testTargets + fuzzTargets,
    swiftLanguageModes: [.v6]
)

/// Every folder of `Tests` is a target.
var testTargets: [Target] {
    [
        tests("Base"),
        tests("Scheduling", ["Base"]),
        tests("Wire", ["Base", "Columns"]),
        tests("Working", ["Base", "Columns", "Wire"]),
        tests("Simulation"),
        tests("Benchmarks"),
        tests("API", ["Base"]),
        tests("Dataproc", ["API", "Base"]),
        tests("Dashboard", ["API"]),
        tests("Gzip", ["Base", "CZlib"]),
        tests("Spool", ["Base", "Gzip", "Wire"]),
        tests("Sorting", ["Base", "Columns", "TSV"]),
        tests("TSV", ["Base", "Columns"]),
        tests("Parquet", ["Base", "Columns"], exclude: ["Readers"]),
        tests("Ingestion", ["Base"]),
        tests("Sample", ["Base", "TestSupport"]),
        tests("Storage", ["Base", "TestSupport"]),
        tests("Database", ["Base", "TestSupport"]),
        tests("Query", ["Base", "Storage", "TestSupport"]),
        tests("Identity", ["Base", "Storage", "TestSupport"]),
        tests("Transport", ["Base", "COpenSSL", "Identity"]),
        tests("HTTP", ["Base", "Identity", "Transport"]),
        tests("Jobs", ["Base", "Columns", "Ingestion", "Storage", "TestSupport"]),
        tests(
            "Catalog",
            ["Base", "Columns", "Database", "Storage", "TestSupport"],
            exclude: ["Readers"]
        ),
        tests(
            "CLI",
            ["API", "Base", "HTTP", "Identity", "Storage", "TestSupport"],
            exclude: ["Snapshots"]
        ),
        tests(
            "Coordinator",
            [
                "API", "Base", "COpenSSL", "Catalog", "Columns", "Dashboard", "Database",
                "Dataproc", "Gzip",
                "HTTP", "Identity", "Jobs", "Parquet", "Query", "Scheduling", "Spool", "Storage",
                "TestSupport",
                "Transport",
                "Wire",
            ]
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Storage"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
    ]
}

/// The fuzzers of `Fuzz`: only scripts/fuzz asks for them, as they link with libFuzzer alone.
var fuzzTargets: [Target] {
    func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
        .executableTarget(
            name: "Fuzz" + name,
            dependencies: ["FuzzSupport"] + dependencies,
            path: "Fuzz/" + name,
            swiftSettings: strict
        )
    }
    guard Context.environment["OTCLUSTER_FUZZ"] != nil else { return [] }
    return [
        .target(name: "FuzzSupport", path: "Fuzz/Support", swiftSettings: strict),
        fuzzer("Frames", ["Base", "Wire"]),
        fuzzer("WorkerMessages", ["Base", "Wire"]),
        fuzzer("CoordinatorMessages", ["Base", "Columns", "Parquet", "TSV", "Wire"]),
        fuzzer("Gzip", ["CZlib", "Gzip"]),
        fuzzer("TSV", ["Base", "Columns", "Parquet", "TSV"]),
        fuzzer("RowGroups", ["Base", "Columns", "Parquet"]),
        fuzzer("Footers", ["Columns", "Parquet"]),
        fuzzer("JobFiles", ["Jobs"]),
        fuzzer("ClusterFiles", ["Jobs"]),
        fuzzer("HTTP", ["API", "HTTP", "Transport"]),
        fuzzer("SQL", ["Query"]),
        fuzzer("Spool", ["Base", "Spool", "Wire"]),
    ]
}
