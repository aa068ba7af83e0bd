"""The main job: every row of the seven files is in the tables, once, as the rules say."""

from collections import Counter

import pytest

from harness import column, job_file, loads
from lake import Lake, assert_equal_rows

SCALE = 0.002


def assert_tables_equal(cluster, tables):
    with Lake(cluster.catalog) as lake:
        for table in tables.values():
            assert list(lake.columns(table.name)) == list(table.columns)
            assert_equal_rows(lake.rows(table.name), table.rows)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("chunk", ["16MiB", "64KiB"])
def test_every_row_of_all_seven_tables_equals_the_inputs(
    new_cluster, sample, expected, seed, chunk
):
    cluster = new_cluster(chunk=chunk)
    status = cluster.load("imdb", "--input", sample(SCALE, seed))
    tables = expected(SCALE, seed)
    steps = {step["table"]: step for step in loads(status)}
    assert set(steps) == set(tables)
    for name, table in tables.items():
        step = steps[name]
        assert step["state"] == "DONE"
        assert step["rows"] + step["rejected"] == table.lines
        assert step["rejected"] == 0
        failures = {column: n for column, n in step["conversion_failures"].items() if n}
        assert failures == table.failures
        assert step["chunks"]["done"] == step["chunks"]["total"] >= 1
        assert step["attempts"] >= step["chunks"]["total"]
    if chunk == "64KiB":
        assert steps["title_principals"]["chunks"]["total"] > 20
    assert_tables_equal(cluster, tables)


def test_submit_that_waits_prints_the_status_with_all_keys(cluster, sample):
    status = cluster.json("submit", "imdb", "--input", sample(0.0005), "--wait")
    assert status["state"] == "DONE"
    for key in ("id", "name", "state", "reason", "pool", "started", "ended", "steps"):
        assert key in status
    assert isinstance(status["id"], str)
    assert status["pool"] == "zone-a"
    assert status["started"].endswith("Z") and status["ended"].endswith("Z")
    assert status["started"] <= status["ended"]
    for step in status["steps"]:
        for key in ("job", "table", "state", "rows", "rejected", "chunks", "attempts"):
            assert key in step
        if step in loads(status):
            assert step["bytes_in"] > 0 and step["bytes_out"] > 0
        assert isinstance(step["conversion_failures"], dict)
    again = cluster.status(status["id"])
    assert again["steps"] == status["steps"]


def test_tables_are_loaded_one_after_another_the_smallest_file_first(cluster, sample):
    folder = sample(0.0005)
    status = cluster.load("imdb", "--input", folder)
    order = [step["table"] for step in loads(status)]
    size = {t: (folder / f"{t.replace('_', '.', 1)}.tsv.gz").stat().st_size for t in order}
    assert order == sorted(order, key=size.get)
    published = {t["table"]: t["snapshot"] for t in cluster.json("tables") if t["table"] in order}
    assert sorted(order, key=published.get) == order


def test_views_unfold_the_lists(cluster, sample, expected):
    cluster.load("imdb", "--input", sample(0.0005))
    tables = expected(0.0005)
    views = {
        "title_basics_genres": ("title_basics", ["tconst"], "genres", "genre"),
        "title_crew_directors": ("title_crew", ["tconst"], "directors", "director_id"),
        "title_crew_writers": ("title_crew", ["tconst"], "writers", "writer_id"),
        "name_basics_professions": ("name_basics", ["nconst"], "primaryProfession", "profession"),
        "name_basics_known_titles": ("name_basics", ["nconst"], "knownForTitles", "title_id"),
        "title_akas_types": ("title_akas", ["titleId", "ordering"], "types", "type"),
        "title_akas_attributes": ("title_akas", ["titleId", "ordering"], "attributes", "attribute"),
    }
    with Lake(cluster.catalog) as lake:
        for view, (name, keep, unnested, alias) in views.items():
            table = tables[name]
            at = {column: index for index, column in enumerate(table.columns)}
            wanted = [
                (*(row[at[k]] for k in keep), element)
                for row in table.rows
                for element in row[at[unnested]]
            ]
            selected = ", ".join(f'"{column}"' for column in [*keep, alias])
            assert_equal_rows(lake.query(f"SELECT {selected} FROM {view}"), wanted)


def test_append_doubles_the_rows_and_replace_does_not(cluster, sample, tmp_path):
    columns = [column("tconst"), column("averageRating", "float64"), column("numVotes", "int32")]
    path = sample(0.0005) / "title.ratings.tsv.gz"
    rows = {}
    for mode in ("append", "replace"):
        job = job_file(tmp_path, f"ratings_{mode}", columns, write=mode)
        for _ in range(2):
            cluster.load(job, "--input", path)
        with Lake(cluster.catalog) as lake:
            rows[mode] = Counter(lake.rows(f"ratings_{mode}"))
    assert rows["append"] == rows["replace"] + rows["replace"]
    assert rows["replace"]


def test_one_job_takes_the_file_itself_as_input(cluster, sample, expected):
    status = cluster.load("title_ratings", "--input", sample(0.0005) / "title.ratings.tsv.gz")
    assert [step["table"] for step in status["steps"]] == ["title_ratings"]
    assert_tables_equal(cluster, {"title_ratings": expected(0.0005)["title_ratings"]})
