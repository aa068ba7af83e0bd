-- Every title with its rating and votes; both are null where nobody has voted.
SELECT
    b.tconst,
    b.primaryTitle,
    b.titleType,
    b.startYear,
    r.averageRating,
    r.numVotes,
    b.genres
FROM ott.title_basics AS b
LEFT JOIN ott.title_ratings AS r ON r.tconst = b.tconst
