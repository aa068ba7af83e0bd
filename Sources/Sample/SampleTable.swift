/// The seven files of IMDb's public data set: names and columns as its documentation gives them.
///
/// Source: developer.imdb.com/non-commercial-datasets.
package enum SampleTable: String, CaseIterable, Sendable {
    case titleRatings = "title.ratings"
    case titleEpisode = "title.episode"
    case titleCrew = "title.crew"
    case titleBasics = "title.basics"
    case nameBasics = "name.basics"
    case titleAkas = "title.akas"
    case titlePrincipals = "title.principals"

    package var fileName: String { rawValue + ".tsv.gz" }

    /// The header's fields in order.
    package var columns: [String] {
        switch self {
        case .titleRatings: ["tconst", "averageRating", "numVotes"]
        case .titleEpisode: ["tconst", "parentTconst", "seasonNumber", "episodeNumber"]
        case .titleCrew: ["tconst", "directors", "writers"]
        case .titleBasics:
            [
                "tconst", "titleType", "primaryTitle", "originalTitle", "isAdult", "startYear",
                "endYear", "runtimeMinutes", "genres",
            ]
        case .nameBasics:
            [
                "nconst", "primaryName", "birthYear", "deathYear", "primaryProfession",
                "knownForTitles",
            ]
        case .titleAkas:
            [
                "titleId", "ordering", "title", "region", "language", "types", "attributes",
                "isOriginalTitle",
            ]
        case .titlePrincipals:
            ["tconst", "ordering", "nconst", "category", "job", "characters"]
        }
    }
}
