"""`otjob query` answers one question about the store; it writes nothing and reads nothing else."""

import pytest

from lake import Lake


@pytest.fixture(scope="module")
def loaded(shared_cluster, sample):
    shared_cluster.load("imdb", "--input", sample(0.0005))
    return shared_cluster


def test_json_is_a_list_of_objects_with_typed_values(loaded):
    sql = """SELECT titleId, ordering, types, isOriginalTitle, region FROM ott.title_akas
        WHERE isOriginalTitle ORDER BY titleId LIMIT 3"""
    rows = loaded.json("query", sql)
    assert len(rows) == 3
    for row in rows:
        assert row["titleId"].startswith("tt")
        assert row["ordering"] == 1
        assert row["types"] == ["original"]
        assert row["isOriginalTitle"] is True
        assert row["region"] is None


def test_answers_are_those_of_duckdb(loaded):
    sql = """SELECT category, count(*) AS n FROM ott.title_principals
        GROUP BY category ORDER BY n, category"""
    with Lake(loaded.catalog) as lake:
        wanted = lake.query(sql)
    assert [tuple(row.values()) for row in loaded.json("query", sql)] == wanted


def test_no_rows_are_an_empty_list(loaded):
    assert loaded.json("query", "SELECT * FROM ott.title_ratings WHERE numVotes < 0") == []


def test_views_and_with_clauses_work(loaded):
    sql = """WITH genres AS (SELECT DISTINCT genre FROM ott.title_basics_genres)
        SELECT count(*) AS n FROM genres"""
    assert loaded.json("query", sql)[0]["n"] > 5


def test_text_for_people_has_the_columns_and_the_values(loaded):
    told = loaded.run("query", "SELECT 6 * 7 AS answer").stdout
    assert "answer" in told and "42" in told


def test_a_wrong_question_is_told_on_one_line(loaded):
    told = loaded.run("query", "SELECT nothing FROM ott.title_ratings", code=None)
    assert told.returncode != 0
    assert "nothing" in told.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE ott.mine (a INT)",
        "CREATE VIEW ott.mine AS SELECT 1",
        "INSERT INTO ott.title_ratings VALUES ('tt0', 1.0, 1)",
        "UPDATE ott.title_ratings SET numVotes = 0",
        "DELETE FROM ott.title_ratings",
        "WITH x AS (SELECT 1) DELETE FROM ott.title_ratings",
        "DROP TABLE ott.title_ratings",
        "ALTER TABLE ott.title_ratings ADD COLUMN x INT",
        "TRUNCATE ott.title_ratings",
        "SELECT 1; DELETE FROM ott.title_ratings",
        "/* SELECT */ DELETE FROM ott.title_ratings",
        "-- SELECT\nDELETE FROM ott.title_ratings",
        "EXPLAIN ANALYZE DELETE FROM ott.title_ratings",
        "COPY ott.title_ratings TO '{new}'",
        "COPY (SELECT 1) TO '{new}' (FORMAT parquet)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{new}'",
        "SELECT 1; COPY (SELECT 1) TO '{new}'",
        "EXPORT DATABASE '{new}'",
        "ATTACH '{new}' AS other",
        "ATTACH '{catalog}' AS other (TYPE sqlite)",
        "CALL lake.set_option('parquet_compression', 'snappy')",
        "CALL ducklake_expire_snapshots('lake', older_than => now())",
        "PRAGMA enable_profiling",
        "SET enable_external_access = true",
        "RESET ALL",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CHECKPOINT",
        ".shell touch {new}",
        ".output {new}",
        "SELECT 1;\n.shell touch {new}",
    ],
)
def test_whatever_could_write_is_refused_and_writes_nothing(loaded, tmp_path, sql):
    new = tmp_path / "new"
    with Lake(loaded.catalog) as lake:
        before = lake.fingerprint("title_ratings")
    snapshots = loaded.json("snapshots")
    refused = loaded.run(
        "query", sql.format(new=new, catalog=loaded.catalog), code=None, timeout=60
    )
    assert refused.returncode != 0, refused.stdout
    assert refused.stderr
    assert not new.exists()
    with Lake(loaded.catalog) as lake:
        assert lake.fingerprint("title_ratings") == before
    assert loaded.json("snapshots") == snapshots


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_text('{store}/../../{name}')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT getenv('OTJOB_TEST_SECRET') AS secret",
    ],
)
def test_nothing_outside_the_store_is_read(loaded, tmp_path, sql):
    secret = tmp_path / "secret.csv"
    secret.write_text("secret_word\nsesame\n")
    loaded.environment["OTJOB_TEST_SECRET"] = "sesame"
    names = dict(secret=secret, folder=tmp_path, store=loaded.store, name=secret.name)
    told = loaded.run("query", sql.format(**names), code=None, timeout=60)
    assert "sesame" not in told.stdout + told.stderr
    assert "secret.csv" not in told.stdout
