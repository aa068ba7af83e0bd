/// The job files that are part of the binary.
///
/// `Shipped` in this folder is a link to `jobs` at the root; SwiftPM makes a byte array of each file
/// below it (`.embedInCode`), and of those below `sources` likewise. The arrays have no index, so
/// this list is kept by hand, and a test compares it with the folder.
package enum ShippedJobs {
    /// Path below `jobs` and content of each file.
    package static var files: [(path: String, text: String)] {
        [
            ("imdb/imdb.yaml", PackageResources.imdb_yaml),
            ("imdb/name_basics.yaml", PackageResources.name_basics_yaml),
            ("imdb/title_akas.yaml", PackageResources.title_akas_yaml),
            ("imdb/title_basics.yaml", PackageResources.title_basics_yaml),
            ("imdb/title_crew.yaml", PackageResources.title_crew_yaml),
            ("imdb/title_episode.yaml", PackageResources.title_episode_yaml),
            ("imdb/title_principals.yaml", PackageResources.title_principals_yaml),
            ("imdb/title_ratings.yaml", PackageResources.title_ratings_yaml),
        ].map { path, bytes in (path, String(decoding: bytes, as: UTF8.self)) }
    }

    /// Path below `sources` and content of each file.
    package static var sources: [(path: String, text: String)] {
        [("imdb_sources.yaml", String(decoding: PackageResources.imdb_sources_yaml, as: UTF8.self))]
    }
}
