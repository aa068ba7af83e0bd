-- The best films and series of each genre and decade, by rating, among those with 1,000 votes or more.
SELECT
    genre,
    decade,
    row_number() OVER best AS place,
    tconst,
    primaryTitle,
    titleType,
    startYear,
    averageRating,
    numVotes
FROM (
    SELECT
        unnest(genres) AS genre,
        try_cast(startYear AS INTEGER) // 10 * 10 AS decade,
        *
    FROM ott.content_performance
    WHERE numVotes >= 1000
        AND titleType IN ('movie', 'tvMovie', 'tvSeries', 'tvMiniSeries')
)
WHERE decade IS NOT NULL
WINDOW best AS (
    PARTITION BY genre, decade
    ORDER BY averageRating DESC, numVotes DESC, tconst
)
