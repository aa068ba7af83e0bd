-- What is missing in each table: a row a table, null where a table has no such column.
SELECT
    'title_basics' AS table_name,
    count(*) AS row_count,
    count(*) FILTER (primaryTitle IS NULL) AS missing_titles,
    count(*) FILTER (len(genres) = 0) AS missing_genres,
    count(*) FILTER (startYear IS NULL) AS missing_years,
    NULL::BIGINT AS missing_ratings,
    NULL::BIGINT AS missing_people,
    NULL::BIGINT AS missing_regions,
    NULL::BIGINT AS missing_episode_numbers
FROM ott.title_basics
UNION ALL
SELECT
    'title_ratings', count(*),
    NULL, NULL, NULL,
    count(*) FILTER (averageRating IS NULL OR numVotes IS NULL),
    NULL, NULL, NULL
FROM ott.title_ratings
UNION ALL
SELECT
    'title_akas', count(*),
    count(*) FILTER (title IS NULL),
    NULL, NULL, NULL, NULL,
    count(*) FILTER (region IS NULL),
    NULL
FROM ott.title_akas
UNION ALL
SELECT
    'title_crew', count(*),
    NULL, NULL, NULL, NULL,
    count(*) FILTER (len(directors) = 0 AND len(writers) = 0),
    NULL, NULL
FROM ott.title_crew
UNION ALL
SELECT
    'title_episode', count(*),
    count(*) FILTER (parentTconst IS NULL),
    NULL, NULL, NULL, NULL, NULL,
    count(*) FILTER (seasonNumber IS NULL OR episodeNumber IS NULL)
FROM ott.title_episode
UNION ALL
SELECT
    'title_principals', count(*),
    NULL, NULL, NULL, NULL,
    count(*) FILTER (nconst IS NULL),
    NULL, NULL
FROM ott.title_principals
UNION ALL
SELECT
    'name_basics', count(*),
    NULL, NULL,
    count(*) FILTER (birthYear IS NULL),
    NULL,
    count(*) FILTER (primaryName IS NULL),
    NULL, NULL
FROM ott.name_basics
