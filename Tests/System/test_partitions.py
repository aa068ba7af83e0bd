"""Rows of unsorted files are put into partitions and sorted, by workers that may be lost."""

import os
import random
import signal
import sqlite3

import duckdb
import pytest

from harness import column, job_file, tsv, wait_until, write_gzip
from lake import Lake, catalog_rows, parquet_files, table_id

COLUMNS = [
    column("id", "int64"),
    column("day", "date"),
    column("kind"),
    column("score", "float64"),
]
#: Chunks and merge tasks of this size are many, also of few rows.
CHUNK = "64KiB"


def unsorted_rows(count, seed=1):
    draw = random.Random(seed)
    ids = list(range(count))
    draw.shuffle(ids)
    return [
        (
            r"\N" if draw.random() < 0.01 else number,
            f"20{draw.randrange(10, 26)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            draw.choice(["movie", "short", "a/b=c", r"\N"]),
            number / 4,
        )
        for number in ids
    ]


def write_rows(folder, rows):
    header = [column["name"] for column in COLUMNS]
    write_gzip(folder / "rows.tsv.gz", tsv(header, rows))


def rows_of(lake, table="rows"):
    return sorted(lake.query(f"SELECT id, day::VARCHAR, kind, score FROM {table}"), key=str)


def wanted(rows):
    null = lambda text: None if text == r"\N" else text  # noqa: E731
    return sorted(((null(i), day, null(kind), score) for i, day, kind, score in rows), key=str)


def files_read(lake, condition):
    plan = lake.query(f"EXPLAIN ANALYZE SELECT * FROM rows WHERE {condition}")[0][1]
    [line] = [line for line in plan.splitlines() if "Total Files Read" in line]
    return int(line.split(":")[1].strip(" │"))


def partition_values(cluster, table="rows"):
    """The partition values of each live file."""
    found = catalog_rows(
        cluster.catalog,
        "SELECT data_file_id, partition_key_index, partition_value FROM ducklake_file_partition_value"
        " JOIN ducklake_data_file USING (data_file_id, table_id)"
        " WHERE table_id = ? AND end_snapshot IS NULL ORDER BY 1, 2",
        table_id(cluster.catalog, table),
    )
    files = {}
    for file, _, value in found:
        files.setdefault(file, []).append(value)
    return list(files.values())


def assert_sorted(cluster, key):
    for path in parquet_files(cluster.catalog, "rows"):
        ids = [i for (i,) in duckdb.sql(f"SELECT {key} FROM '{path}'").fetchall()]
        there = [i for i in ids if i is not None]
        assert there == sorted(there)
        assert ids[len(there) :] == [None] * (len(ids) - len(there)), "nulls are not last"


@pytest.fixture
def partitioned(new_cluster):
    return new_cluster(chunk=CHUNK)


def test_a_point_query_reads_one_file_of_an_unsorted_input(partitioned, tmp_path):
    rows = unsorted_rows(40_000)
    write_rows(tmp_path, rows)
    flat = job_file(tmp_path, "rows", COLUMNS)
    partitioned.load(flat, "--input", tmp_path)
    job = job_file(tmp_path, "rows", COLUMNS, partition_by="bucket(8, id)", cluster_by=["id"])
    status = partitioned.load(job, "--input", tmp_path)
    assert status["steps"][0]["rows"] == len(rows)
    assert_sorted(partitioned, "id")
    with Lake(partitioned.catalog) as lake:
        assert rows_of(lake) == wanted(rows)
        assert lake.value("SELECT count(*) FROM rows") == len(rows)
        for number in (0, 777, 39_999):
            assert files_read(lake, f"id = {number}") == 1
            assert lake.value(f"SELECT count(*) FROM rows WHERE id = {number}") <= 1
        # The version before has no partitions, and is read as it was.
        assert lake.value("SELECT count(*) FROM rows AT (VERSION => 1)") == len(rows)
    assert len(partition_values(partitioned)) == 9, "8 buckets, and one without an id"


@pytest.mark.parametrize(
    "partition_by, files",
    [
        ("kind", 4),
        (["year(day)", "month(day)"], 16 * 12),
        (["bucket(3, kind)", "year(day)"], 16 * 4),
        ("day(day)", 28),
    ],
)
def test_each_partition_has_its_rows_and_readers_lose_none(
    partitioned, tmp_path, partition_by, files
):
    rows = unsorted_rows(8000)
    write_rows(tmp_path, rows)
    job = job_file(tmp_path, "rows", COLUMNS, partition_by=partition_by)
    partitioned.load(job, "--input", tmp_path)
    values = partition_values(partitioned)
    assert len(values) <= files and len(set(map(tuple, values))) == len(values)
    with Lake(partitioned.catalog) as lake:
        assert rows_of(lake) == wanted(rows)
        for condition, matches in {
            "kind = 'a/b=c'": lambda row: row[2] == "a/b=c",
            "kind IS NULL": lambda row: row[2] is None,
            "day = DATE '2015-07-09'": lambda row: row[1] == "2015-07-09",
            "day < DATE '2011-01-01'": lambda row: row[1] < "2011-01-01",
            "id IN (1, 2, 3)": lambda row: row[0] in (1, 2, 3),
        }.items():
            found = lake.value(f"SELECT count(*) FROM rows WHERE {condition}")
            assert found == sum(map(matches, wanted(rows))), condition


def test_rows_are_sorted_without_partitions_too(partitioned, tmp_path):
    rows = unsorted_rows(20_000)
    write_rows(tmp_path, rows)
    job = job_file(tmp_path, "rows", COLUMNS, cluster_by=["kind", "id"], sort=True)
    partitioned.load(job, "--input", tmp_path)
    with Lake(partitioned.catalog) as lake:
        assert rows_of(lake) == wanted(rows)
    [path] = parquet_files(partitioned.catalog, "rows")
    found = duckdb.sql(f"SELECT kind, id FROM '{path}'").fetchall()
    assert found == sorted(found, key=lambda row: (row[0] is None, row[0] or "", row[1] is None, row[1] or 0))


def test_an_append_joins_the_partitions_that_are_there(partitioned, tmp_path):
    rows = unsorted_rows(6000)
    write_rows(tmp_path, rows)
    job = job_file(
        tmp_path, "rows", COLUMNS, partition_by="bucket(4, id)", cluster_by=["id"], write="append"
    )
    for _ in range(2):
        partitioned.load(job, "--input", tmp_path)
    with Lake(partitioned.catalog) as lake:
        assert rows_of(lake) == wanted(rows * 2)
        assert files_read(lake, "id = 5") == 2
    specs = catalog_rows(
        partitioned.catalog, "SELECT count(*) FROM ducklake_partition_info WHERE end_snapshot IS NULL"
    )
    assert specs == [(1,)]


def test_another_partitioning_is_that_of_the_new_version(partitioned, tmp_path):
    rows = unsorted_rows(4000)
    write_rows(tmp_path, rows)
    for more in ({"partition_by": "kind"}, {"partition_by": "year(day)"}, {}):
        job = job_file(tmp_path, "rows", COLUMNS, **more)
        partitioned.load(job, "--input", tmp_path)
    assert partition_values(partitioned) == []
    with Lake(partitioned.catalog) as lake:
        versions = [v for (v,) in lake.query("SELECT snapshot_id FROM lake.snapshots()")]
        for version in versions[1:]:
            found = lake.value(f"SELECT count(*) FROM rows AT (VERSION => {version})")
            assert found == len(rows)
            kinds = f"SELECT count(*) FROM rows AT (VERSION => {version}) WHERE kind = 'movie'"
            assert lake.value(kinds) == sum(row[2] == "movie" for row in rows)


def test_a_partition_for_every_row_is_refused(partitioned, tmp_path):
    write_rows(tmp_path, unsorted_rows(9000))
    job = job_file(tmp_path, "rows", COLUMNS, partition_by="id")
    reason = partitioned.failure(job, "--input", tmp_path)
    assert "partition_by gives" in reason and "at most 4096" in reason


def test_a_planted_duplicate_is_found_and_rejected_lines_are_kept(partitioned, tmp_path):
    rows = [(n, "2020-01-01", "movie", 1) for n in range(5000)]
    random.Random(2).shuffle(rows)
    write_rows(tmp_path, rows)
    columns = [column("id", "int64", required=True), *COLUMNS[1:]]
    more = {
        "partition_by": "bucket(4, id)",
        "cluster_by": ["id"],
        "checks": {"unique": ["id"]},
    }
    job = job_file(tmp_path, "rows", columns, **more)
    partitioned.load(job, "--input", tmp_path)
    write_rows(tmp_path, rows + [(1234, "2021-01-01", "short", 2), ("x", "2021-01-01", "short", 3)])
    reason = partitioned.failure(job, "--input", tmp_path)
    assert "unique(id)" in reason and "1234" in reason
    write_rows(tmp_path, rows + [(r"\N", "2021-01-01", "short", 3)])
    status = partitioned.load(job, "--input", tmp_path)
    assert (status["steps"][0]["rows"], status["steps"][0]["rejected"]) == (5000, 1)
    with Lake(partitioned.catalog) as lake:
        assert lake.value("SELECT reason FROM rows_rejects") == "required column id is null"


@pytest.mark.parametrize("victim", ["worker", "coordinator"])
@pytest.mark.parametrize("stage", ["sort", "merge", "publish"])
def test_kills_while_rows_are_sorted_merged_or_published_cost_none(
    partitioned, tmp_path, victim, stage
):
    rows = unsorted_rows(120_000)
    write_rows(tmp_path, rows)
    job_path = job_file(
        tmp_path, "rows", COLUMNS, partition_by="bucket(8, id)", cluster_by=["id"]
    )
    # While somebody writes to the catalog, nothing can be published.
    writer = sqlite3.connect(partitioned.catalog, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    sorting = len(tsv(["x"], rows)) // (64 << 10)
    job = partitioned.submit(job_path, "--input", tmp_path)

    def reached():
        chunks = partitioned.status(job)["steps"][0]["chunks"]
        # Tasks that merge are known when all chunks are sorted.
        merging = chunks["total"] > sorting * 3 // 2
        if stage == "publish":
            return merging and chunks["done"] == chunks["total"]
        return chunks["done"] > sorting // 2 and (stage == "sort" or merging)

    wait_until(reached, f"its {stage}")
    if victim == "worker":
        os.kill(partitioned.worker_pids()[0], signal.SIGKILL)
    else:
        os.kill(partitioned.coordinator_pid(), signal.SIGKILL)
    writer.execute("ROLLBACK")
    writer.close()
    if victim == "coordinator":
        partitioned.up()
    assert partitioned.wait(job)["state"] == "DONE"
    assert_sorted(partitioned, "id")
    with Lake(partitioned.catalog) as lake:
        assert rows_of(lake) == wanted(rows)
        assert files_read(lake, "id = 4711") == 1
