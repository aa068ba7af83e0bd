-- What a title is called where: filter by region or language, the most voted first.
SELECT
    a.region,
    a.language,
    a.titleId AS tconst,
    a.title,
    t.primaryTitle,
    t.titleType,
    t.startYear,
    t.averageRating,
    t.numVotes
FROM ott.title_akas AS a
JOIN ott.content_performance AS t ON t.tconst = a.titleId
WHERE a.region IS NOT NULL OR a.language IS NOT NULL
