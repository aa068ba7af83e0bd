"""Checks between write and publish: what fails them is not published, what passes is recorded."""

import os
import random
import sysconfig

import pytest

from harness import column, job_file, tsv, wait_until, write_gzip
from lake import Lake

COLUMNS = [
    column("id", required=True),
    column("number", "int32"),
    column("kind"),
    column("share", "float64"),
]
HEADER = ["id", "number", "kind", "share"]
KINDS = ["film", "series", "short"]


def rows_of(count):
    return [[f"id{n:07}", n, KINDS[n % 3], n / 8] for n in range(count)]


@pytest.fixture
def table(tmp_path):
    """Makes a job of a table with checks: table(name, checks, rows, **more) is its arguments."""

    def make(name, checks, rows, **more):
        data = tmp_path / name
        data.mkdir(exist_ok=True)
        write_gzip(data / f"{name}.tsv.gz", tsv(HEADER, rows))
        return job_file(tmp_path, name, COLUMNS, checks=checks, **more), "--input", data

    return make


@pytest.fixture(scope="module")
def busy_cluster(new_shared_cluster):
    """A cluster that cuts every file into many chunks."""
    return new_shared_cluster(chunk="64KiB")


def results(cluster, table):
    return cluster.json("quality", table)


def count(cluster, table):
    with Lake(cluster.catalog) as lake:
        return lake.value(f"SELECT count(*) FROM {table}")


def tables(cluster):
    return {t["table"] for t in cluster.json("tables")}


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_a_planted_duplicate_keeps_the_old_version(busy_cluster, table, order):
    name = f"planted_{order}"
    rows = rows_of(20_000)
    if order == "shuffled":
        random.Random(1).shuffle(rows)
    checks, more = {"unique": ["id"]}, {"cluster_by": ["id"]}
    busy_cluster.load(*table(name, checks, rows, **more))
    assert results(busy_cluster, name)[-1]["passed"]
    # One of 20,000 rows stands there twice: beside its twin where sorted, anywhere otherwise.
    twin = rows[4321]
    place = 4322 if order == "sorted" else 15_000
    reason = busy_cluster.failure(*table(name, checks, rows[:place] + [twin] + rows[place:], **more))
    assert "unique(id)" in reason and twin[0] in reason
    lines = {4321 + 2, place + 2}
    for line in lines:
        assert f"{name}.tsv.gz line {line}" in reason
    assert count(busy_cluster, name) == 20_000
    last = results(busy_cluster, name)[-1]
    assert (last["check"], last["value"], last["passed"]) == ("unique(id)", 1, False)
    assert any(twin[0] in example for example in last["examples"])


def test_a_duplicate_across_the_cut_of_two_chunks_is_found(busy_cluster, table):
    """Every row is beside its twin at some cut: each place is tried that a cut may be at."""
    name = "cut"
    rows = [row for row in rows_of(6000) for _ in range(2)]
    reason = busy_cluster.failure(*table(name, {"unique": ["id"]}, rows, cluster_by=["id"]))
    assert "6000" in reason
    assert name not in tables(busy_cluster)


def test_sorted_files_one_behind_the_other_are_unique_only_together(busy_cluster, table):
    name = "twice_sorted"
    rows = rows_of(6000)
    checks, more = {"unique": ["id"]}, {"cluster_by": ["id"]}
    reason = busy_cluster.failure(*table(name, checks, rows + rows[:1], **more))
    assert "id0000000" in reason
    busy_cluster.load(*table(name, checks, rows[3000:] + rows[:3000], **more))
    assert count(busy_cluster, name) == 6000


def test_a_key_of_two_columns_tells_rows_of_one_id_apart(busy_cluster, table):
    name = "pairs"
    rows = [[f"id{n // 3:06}", n % 3, "film", 0.5] for n in range(9000)]
    checks, more = {"unique": ["id", "number"]}, {"cluster_by": ["id", "number"]}
    busy_cluster.load(*table(name, checks, rows, **more))
    rows[8001][1] = rows[8002][1] = 1
    reason = busy_cluster.failure(*table(name, checks, rows, **more))
    assert "unique(id, number)" in reason and "id002667, 1 (pairs.tsv.gz line 8003)" in reason
    assert count(busy_cluster, name) == 9000


def test_an_append_must_not_repeat_keys_of_the_table(busy_cluster, table):
    name, checks = "appended", {"unique": ["id"]}
    more = {"write": "append", "cluster_by": ["id"]}
    busy_cluster.load(*table(name, checks, rows_of(10), **more))
    reason = busy_cluster.failure(*table(name, checks, rows_of(1), **more))
    assert "id0000000" in reason
    busy_cluster.load(*table(name, checks, [["new", 1, "film", 0.5]], **more))
    assert count(busy_cluster, name) == 11


@pytest.mark.parametrize(
    "name, check, broken, told",
    [
        ("nulls", {"not_null": ["kind"]}, ["x", 1, "\\N", 0.5], "null"),
        ("highs", {"range": {"column": "number", "min": 0, "max": 99}}, ["x", 100, "film", 0], "100"),
        ("lows", {"range": {"column": "share", "min": 0}}, ["x", 1, "film", -0.5], "-0.5"),
        ("ids", {"pattern": {"column": "id", "matches": "^id[0-9]{7}$"}}, ["x", 1, "film", 0], "x"),
        ("kinds", {"allowed": {"column": "kind", "values": KINDS}}, ["x", 1, "opera", 0], "opera"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_with_its_line(
    busy_cluster, table, name, check, broken, told
):
    good = rows_of(50)
    busy_cluster.load(*table(name, check, good))
    reason = busy_cluster.failure(*table(name, check, good[:30] + [broken] + good[30:]))
    assert f"{told} ({name}.tsv.gz line 32)" in reason
    assert count(busy_cluster, name) == 50
    # So many rows may break it, where the job file says so; or it is only recorded.
    for lenient in ({**check, "max_rows": 1}, {**check, "severity": "warn"}):
        busy_cluster.load(*table(name, [lenient], good + [broken]))
        assert count(busy_cluster, name) == 51
        assert results(busy_cluster, name)[-1]["passed"] == ("max_rows" in lenient)


def test_references_are_looked_up_in_the_other_table(busy_cluster, table):
    busy_cluster.load(*table("parents", {}, rows_of(10)))
    check = {"references": {"column": "id", "table": "parents", "key": "id"}}
    busy_cluster.load(*table("children", check, rows_of(10)))
    reason = busy_cluster.failure(*table("children", check, rows_of(11)))
    assert "id0000010" in reason and "line 12" in reason
    check["references"]["table"] = "nobody"
    reason = busy_cluster.failure(*table("children", check, rows_of(10)))
    assert "could not be made" in reason and "nobody" in reason
    assert count(busy_cluster, "children") == 10


def test_the_number_of_rows_is_set_against_the_version_before(busy_cluster, table):
    check = {"row_count": {"min": 5, "max_drop": 0.5, "max_growth": 1}}
    busy_cluster.load(*table("counted", check, rows_of(100)))
    for wrong in (4, 49, 201):
        assert f"{wrong}" in busy_cluster.failure(*table("counted", check, rows_of(wrong)))
    for right in (200, 100, 50):
        busy_cluster.load(*table("counted", check, rows_of(right)))
    assert count(busy_cluster, "counted") == 50


def test_a_distribution_that_moves_is_told(busy_cluster, table):
    check = {"distribution": {"column": "kind", "top": 3, "max_change": 0.05}}
    busy_cluster.load(*table("spread", check, rows_of(300)))
    busy_cluster.load(*table("spread", check, rows_of(330)))
    moved = [[i, n, "film", s] for i, n, _, s in rows_of(100)] + rows_of(300)[100:]
    reason = busy_cluster.failure(*table("spread", check, moved))
    assert "distribution(kind, 3)" in reason and "film" in reason


def test_results_over_time_are_rows_of_a_table(busy_cluster, table):
    checks = [{"unique": ["id"]}, {"not_null": ["kind"], "severity": "warn"}]
    for rows in (10, 20):
        busy_cluster.load(*table("timed", checks, rows_of(rows)))
    rows = results(busy_cluster, "timed")
    assert [row["check"] for row in rows] == ["not_null(kind)", "unique(id)"] * 2
    assert {row["severity"] for row in rows} == {"error", "warn"}
    assert rows == sorted(rows, key=lambda row: row["checked_at"])
    with Lake(busy_cluster.catalog) as lake:
        found = lake.query(
            'SELECT job, "check", value, threshold, passed, examples FROM data_quality'
            " WHERE \"table\" = 'timed' ORDER BY checked_at, 2"
        )
    assert [tuple(row[key] for key in ("job", "check", "value", "threshold", "passed"))
            for row in rows] == [row[:5] for row in found]
    assert "unique(id)" in busy_cluster.run("quality").stdout


def test_the_shipped_keys_are_unique_without_a_look_at_the_rows(new_cluster, sample):
    """Where DuckDB is not there, only what the workers noted can tell."""
    cluster = new_cluster(chunk="256KiB")
    cluster.load("imdb", "--input", sample(0.002))
    rows = [row for row in cluster.json("quality") if row["severity"] == "error"]
    assert len({row["table"] for row in rows}) == 7
    assert all(row["passed"] and row["value"] == 0 for row in rows)


def test_without_checks_nothing_is_recorded(cluster, table):
    cluster.load(*table("plain", {}, rows_of(3)))
    assert tables(cluster) == {"plain", "plain_rejects"}
    assert cluster.json("quality") == []


def test_a_version_that_waits_for_its_checks_is_not_swept(
    new_cluster, table, tmp_path, monkeypatch
):
    """However long DuckDB takes: here until a file is there."""
    (asked, let_go), program = (tmp_path / "asked", tmp_path / "let_go"), tmp_path / "slow_duckdb"
    duckdb = f"{sysconfig.get_path('purelib')}/duckdb_cli/duckdb"
    program.write_text(
        f'#!/bin/sh\ntouch {asked}\nuntil [ -e {let_go} ]; do sleep 0.02; done\n'
        f'exec {duckdb} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("OTJOB_DUCKDB", str(program))
    cluster = new_cluster()
    job = cluster.submit(*table("slow", {"unique": ["id"]}, rows_of(50)))
    wait_until(asked.exists, "a question to DuckDB", 30)
    [segment] = cluster.store.rglob("*.parquet")
    os.utime(segment, (1, 1))
    assert cluster.json("tables", "vacuum")["files"] == 0
    let_go.touch()
    assert cluster.wait(job)["state"] == "DONE"
    assert count(cluster, "slow") == 50
