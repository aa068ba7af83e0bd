"""The shipped workflow, from files to views and the quality report, and what it does again."""

import json
import shutil

import pytest

from harness import column, job_file, loads, tsv, write_gzip
from lake import Lake

SCALE = 0.001
SHIPPED = [
    "best_titles", "content_performance", "data_quality_metrics", "filmography",
    "regional_titles", "series_episodes",
]


@pytest.fixture(scope="module")
def files(sample, tmp_path_factory):
    return shutil.copytree(sample(SCALE), tmp_path_factory.mktemp("files") / "imdb")


@pytest.fixture
def loaded(new_cluster, files):
    cluster = new_cluster()
    return cluster, cluster.load("imdb", "--input", files)


def states(status):
    return {step["job"]: step["state"] for step in status["steps"]}


def all_in(status, state):
    return dict.fromkeys(states(status), state)


def report(cluster):
    """The rows of the reports, the newest last: (table, check, value)."""
    return [
        (row["table"], row["check"], row["value"])
        for row in cluster.json("quality")
        if row["severity"] == "report"
    ]


def test_a_run_ends_with_views_and_a_report_and_the_next_finds_nothing_to_do(loaded, files):
    cluster, first = loaded
    assert states(first) == all_in(first, "DONE")
    assert [step["job"] for step in first["steps"]][7:] == ["views", "quality"]
    assert set(SHIPPED) < {view["view"] for view in cluster.json("views")}
    tables = {step["table"]: step["rows"] for step in loads(first)}
    told = report(cluster)
    assert {table: rows for table, check, rows in told if check == "rows"} == tables
    log = cluster.run("logs", first["id"]).stdout
    assert f"(quality) title_basics: {tables['title_basics']} rows; missing: " in log
    text = cluster.run("status", first["id"]).stdout
    assert "views" in text and "quality" in text

    snapshots = cluster.json("snapshots")
    second = cluster.load("imdb", "--input", files)
    assert states(second) == all_in(second, "SKIPPED")
    assert cluster.json("snapshots") == snapshots


def test_after_one_changed_file_that_table_and_its_report_are_made_anew(loaded, files, tmp_path):
    cluster, _ = loaded
    before = len(report(cluster))
    folder = shutil.copytree(files, tmp_path / "changed")
    votes = tsv(["tconst", "averageRating", "numVotes"], [["tt0000001", 5.5, 7], ["tt1", 1, 1]])
    write_gzip(folder / "title.ratings.tsv.gz", votes)
    status = cluster.load("imdb", "--input", folder)
    redone = {"title_ratings": "DONE", "views": "DONE", "quality": "DONE"}
    assert states(status) == all_in(status, "SKIPPED") | redone
    assert report(cluster)[before:] == [
        ("title_ratings", "missing(averageRating)", 0),
        ("title_ratings", "missing(numVotes)", 0),
        ("title_ratings", "rows", 2),
    ]


def test_the_report_says_what_the_view_of_metrics_counts(loaded):
    cluster, _ = loaded
    told = {(table, check): value for table, check, value in report(cluster)}
    for row in cluster.json("query", "FROM data_quality_metrics"):
        table = row["table_name"]
        assert told[table, "rows"] == row["row_count"]
        for metric, tables in {
            "missing_titles": {"title_basics": "primaryTitle", "title_akas": "title"},
            "missing_genres": {"title_basics": "genres"},
            "missing_years": {"title_basics": "startYear", "name_basics": "birthYear"},
            "missing_people": {"title_principals": "nconst", "name_basics": "primaryName"},
            "missing_regions": {"title_akas": "region"},
        }.items():
            if table in tables:
                known = told.get((table, f"missing({tables[table]})"), 0)
                assert known == row[metric], (table, metric)


def test_a_view_that_went_is_published_again_although_nothing_else_changed(loaded, files):
    cluster, _ = loaded
    cluster.run("views", "drop", "filmography")
    status = cluster.load("imdb", "--input", files)
    assert states(status) == all_in(status, "SKIPPED") | {"views": "DONE", "quality": "DONE"}
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(*) FROM lake.ott.filmography") > 0


def workflow(folder, *steps):
    path = folder / "w.yaml"
    path.write_text(json.dumps({"workflow": "w", "steps": steps}))
    return path


def test_views_upon_a_table_of_other_columns_are_refused_with_the_name(loaded, tmp_path):
    cluster, _ = loaded
    write_gzip(tmp_path / "mine.tsv.gz", tsv(["tconst", "votes"], [["tt0000001", 3]]))
    mine = job_file(
        tmp_path, "mine", [column("tconst"), column("votes", "int32")], table="title_ratings"
    )
    cluster.load(mine, "--input", tmp_path)
    before = cluster.json("views")
    reason = cluster.failure(workflow(tmp_path, {"step": "again", "views": SHIPPED}))
    assert "averageRating" in reason
    assert cluster.json("views") == before


def test_a_report_of_a_table_that_is_not_there_fails_with_its_name(new_cluster, tmp_path):
    cluster = new_cluster()
    steps = {"step": "report", "quality": ["title_ratings"], "retries": 1, "retry_delay": "10ms"}
    reason = cluster.failure(workflow(tmp_path, steps))
    assert reason == "there is no table ott.title_ratings; load it first (2 tries)"
    told = cluster.run(
        "submit", workflow(tmp_path, {"step": "report", "quality": ["title_rating"]}), code=2
    ).stderr
    assert "did you mean 'title_ratings'" in told
