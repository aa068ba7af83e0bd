-- What each person did in which title: filter by nconst or primaryName.
SELECT
    p.nconst,
    n.primaryName,
    p.tconst,
    t.primaryTitle,
    t.titleType,
    t.startYear,
    p.category,
    p.job,
    p.characters,
    t.averageRating,
    t.numVotes
FROM ott.title_principals AS p
JOIN ott.name_basics AS n ON n.nconst = p.nconst
JOIN ott.content_performance AS t ON t.tconst = p.tconst
