/// The views that are part of the binary: each a SELECT under the name of its file.
///
/// `ShippedViews` in this folder is a link to `views` at the root; see ``ShippedJobs``.
package enum ShippedViews {
    /// Name and SQL of each, sorted by name.
    package static var all: [(name: String, sql: String)] {
        [
            ("best_titles", PackageResources.best_titles_sql),
            ("content_performance", PackageResources.content_performance_sql),
            ("data_quality_metrics", PackageResources.data_quality_metrics_sql),
            ("filmography", PackageResources.filmography_sql),
            ("regional_titles", PackageResources.regional_titles_sql),
            ("series_episodes", PackageResources.series_episodes_sql),
        ].map { name, bytes in (name, String(decoding: bytes, as: UTF8.self)) }
    }
}
