"""Views in the catalog: every reader of the store sees them, and none that would not work."""

import pytest

from harness import WRONG_USAGE
from lake import Lake, catalog_rows

SCALE = 0.002
SHIPPED = [
    "best_titles",
    "content_performance",
    "data_quality_metrics",
    "filmography",
    "regional_titles",
    "series_episodes",
]
TOP = "SELECT * FROM ott.content_performance ORDER BY numVotes DESC NULLS LAST, tconst LIMIT 5"


@pytest.fixture(scope="module")
def loaded(shared_cluster, sample):
    shared_cluster.load("imdb", "--input", sample(SCALE))
    shared_cluster.run("views", "publish")
    return shared_cluster


@pytest.fixture
def sql_file(tmp_path):
    def write(name, sql):
        path = tmp_path / f"{name}.sql"
        path.write_text(sql)
        return path

    return write


def names(cluster):
    return [f"{view['schema']}.{view['view']}" for view in cluster.json("views")]


def newest(cluster):
    return cluster.json("snapshots")[-1]["id"]


def test_shipped_views_stand_beside_those_of_the_jobs(loaded):
    assert set(f"ott.{name}" for name in SHIPPED) < set(names(loaded))
    assert "ott.title_basics_genres" in names(loaded)
    [mine] = [view for view in loaded.json("views") if view["view"] == "filmography"]
    assert "ott.title_principals" in mine["sql"]


def test_query_and_plain_duckdb_answer_the_same(loaded, expected):
    with Lake(loaded.catalog) as lake:
        wanted = lake.query(TOP)
    found = [tuple(tuple(v) if isinstance(v, list) else v for v in row.values())
             for row in loaded.json("query", TOP)]
    assert found == wanted
    tables = expected(SCALE)
    rating = {row[0]: row[1:] for row in tables["title_ratings"].rows}
    titles = {row[0]: row for row in tables["title_basics"].rows}
    known = sorted((t for t in titles if t in rating), key=lambda t: (-rating[t][1], t))
    assert [row[0] for row in wanted] == known[:5]
    for tconst, primary, kind, year, average, votes, genres in wanted:
        _, title_type, title, _, _, start, _, _, title_genres = titles[tconst]
        assert (primary, kind, year, genres) == (title, title_type, start, title_genres)
        assert (average, votes) == rating[tconst]


def test_titles_without_votes_are_in_content_performance_too(loaded, expected):
    with Lake(loaded.catalog) as lake:
        found = lake.value("SELECT count(*) FROM content_performance")
    assert found == len(expected(SCALE)["title_basics"].rows)


def test_quality_metrics_have_a_row_for_each_table_and_count_what_is_missing(loaded, expected):
    tables = expected(SCALE)
    rows = {row["table_name"]: row for row in loaded.json("query", "FROM data_quality_metrics")}
    assert set(rows) == set(tables)
    for name, row in rows.items():
        assert row["row_count"] == len(tables[name].rows)
    basics = tables["title_basics"].rows
    assert rows["title_basics"]["missing_genres"] == sum(not row[8] for row in basics)
    assert rows["title_basics"]["missing_years"] == sum(row[5] is None for row in basics)
    names = tables["name_basics"].rows
    assert rows["name_basics"]["missing_years"] == sum(row[2] is None for row in names)
    crew = tables["title_crew"].rows
    assert rows["title_crew"]["missing_people"] == sum(not row[1] and not row[2] for row in crew)


def test_best_titles_are_ranked_within_genre_and_decade_above_the_floor(loaded):
    with Lake(loaded.catalog) as lake:
        rows = lake.query(
            "SELECT genre, decade, place, averageRating, numVotes FROM best_titles ORDER BY 1, 2, 3"
        )
    assert rows
    places = {}
    for genre, decade, place, rating, votes in rows:
        assert votes >= 1000 and decade % 10 == 0
        before = places.get((genre, decade), (0, 10.0))
        assert place == before[0] + 1 and rating <= before[1]
        places[genre, decade] = (place, rating)


def test_a_person_has_as_many_works_as_principals_name_them(loaded):
    with Lake(loaded.catalog) as lake:
        [(person, count)] = lake.query(
            "SELECT nconst, count(*) FROM title_principals p SEMI JOIN name_basics USING (nconst)"
            " GROUP BY nconst ORDER BY 2 DESC, 1 LIMIT 1"
        )
        assert lake.value(f"SELECT count(*) FROM filmography WHERE nconst = '{person}'") == count
        assert lake.value("SELECT count(*) FROM series_episodes") > 0


def test_publishing_again_makes_no_version(loaded):
    before = newest(loaded)
    loaded.run("views", "publish")
    assert newest(loaded) == before


@pytest.mark.parametrize(
    "sql, missing",
    [
        ("SELECT nothing FROM ott.title_basics", "nothing"),
        ("SELECT 1 FROM ott.title_basic", "title_basic"),
        ("SELECT 1 FROM nowhere.title_basics", "nowhere"),
        ("SELECT * FROM read_csv('/etc/passwd')", "/etc/passwd"),
        ("DELETE FROM ott.title_basics", "DELETE"),
        ("SELECT 1; SELECT 2", "one statement"),
    ],
)
def test_a_view_that_would_not_work_is_refused_with_what_is_missing(
    loaded, sql_file, sql, missing
):
    before = newest(loaded)
    good, bad = sql_file("good", "SELECT tconst FROM ott.title_basics"), sql_file("bad", sql)
    told = loaded.run("views", "publish", good, bad, code=WRONG_USAGE).stderr
    assert "ott.bad" in told and missing in told
    assert told.count("\n") == 1
    assert newest(loaded) == before
    assert "ott.good" not in names(loaded)


def test_a_view_may_read_another_one_of_the_same_publication(loaded, sql_file):
    upper = sql_file("upper_titles", "SELECT upper(t) AS t FROM ott.plain_titles")
    plain = sql_file("plain_titles", "-- titles\nSELECT primaryTitle AS t FROM ott.title_basics;")
    loaded.run("views", "publish", upper, plain)
    with Lake(loaded.catalog) as lake:
        assert lake.value("SELECT count(*) FROM upper_titles WHERE t <> upper(t)") == 0
    loaded.run("views", "drop", "upper_titles", "ott.plain_titles")
    assert "ott.upper_titles" not in names(loaded)
    [(changes,)] = catalog_rows(
        loaded.catalog,
        "SELECT changes_made FROM ducklake_snapshot_changes ORDER BY snapshot_id DESC LIMIT 1",
    )
    assert changes.count("dropped_view") == 2


def test_wrong_names_are_told(loaded, sql_file):
    for words in (
        ["views", "drop", "nothing_there"],
        ["views", "publish", "nothing_shipped"],
        ["views", "publish", "missing.sql"],
        ["views", "publish", sql_file("Bad Name", "SELECT 1")],
        ["views", "publish", sql_file("title_basics", "SELECT 1")],
        ["views", "sing"],
        ["views", "drop"],
    ):
        told = loaded.run(*words, code=WRONG_USAGE).stderr
        assert told.count("\n") == 1 and len(told) > 20


def test_shipped_views_are_refused_where_a_table_is_missing(cluster, sample):
    cluster.load("title_ratings", "--input", sample(0.0005))
    told = cluster.run("views", "publish", code=WRONG_USAGE).stderr
    assert "title_basics" in told
    assert cluster.json("views") == []
