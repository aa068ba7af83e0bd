-- Every episode with its series and both ratings: filter by series_tconst.
SELECT
    e.parentTconst AS series_tconst,
    series.primaryTitle AS series_title,
    series.averageRating AS series_rating,
    e.seasonNumber,
    e.episodeNumber,
    e.tconst,
    episode.primaryTitle,
    episode.startYear,
    episode.averageRating,
    episode.numVotes
FROM ott.title_episode AS e
JOIN ott.content_performance AS series ON series.tconst = e.parentTconst
JOIN ott.content_performance AS episode ON episode.tconst = e.tconst
