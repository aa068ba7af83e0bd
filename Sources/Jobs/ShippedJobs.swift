/// The job files that are part of the binary.
///
/// `Shipped` in this folder is a link to `jobs` at the root; SwiftPM makes a byte array of each file
/// below it (`.embedInCode`), and of those below `sources` and
/// `workflows` likewise. The arrays have no index, so
/// this list is kept by hand, and a test compares it with the folder.
package enum ShippedJobs {
    /// What the place of a job begins with that is part of the binary.
    static let sourcePrefix = "shipped:"

    /// Path below the root of the repository and content of each file.
    package static var files: [(path: String, text: String)] {
        [
            ("jobs/imdb/name_basics.yaml", PackageResources.name_basics_yaml),
            ("jobs/imdb/title_akas.yaml", PackageResources.title_akas_yaml),
            ("jobs/imdb/title_basics.yaml", PackageResources.title_basics_yaml),
            ("jobs/imdb/title_crew.yaml", PackageResources.title_crew_yaml),
            ("jobs/imdb/title_episode.yaml", PackageResources.title_episode_yaml),
            ("jobs/imdb/title_principals.yaml", PackageResources.title_principals_yaml),
            ("jobs/imdb/title_ratings.yaml", PackageResources.title_ratings_yaml),
            ("workflows/imdb.yaml", PackageResources.imdb_yaml),
        ].map { path, bytes in (path, String(decoding: bytes, as: UTF8.self)) }
    }

    /// Path below `sources` and content of each file.
    package static var sources: [(path: String, text: String)] {
        [("imdb_sources.yaml", String(decoding: PackageResources.imdb_sources_yaml, as: UTF8.self))]
    }
}
