"""Many small files of appends become few, and nobody notices but by their number."""

import os
import signal
import threading

import pyarrow.parquet as parquet
import pytest

from harness import WRONG_USAGE, column, job_file, tsv, write_gzip
from lake import Lake, parquet_files
from test_upkeep import let_time_pass

COLUMNS = [column("a", "int64", required=True), column("b"), column("tags", "list<string>", separator=",")]
ROWS = 40


@pytest.fixture
def append(tmp_path):
    """Appends the so-manieth part of ott.parts, sorted and without gaps."""
    path = job_file(tmp_path, "parts", COLUMNS, write="append", cluster_by=["a"])

    def load(cluster, part):
        numbers = range(part * ROWS, (part + 1) * ROWS)
        rows = [[n, "\\N" if n % 7 == 0 else f"b{n}", ",".join("xyz"[: n % 4])] for n in numbers]
        write_gzip(tmp_path / "parts.tsv.gz", tsv(["a", "b", "tags"], rows))
        return cluster.load(path, "--input", tmp_path)

    return load


def content(cluster, version=None):
    at = f" AT (VERSION => {version})" if version else ""
    with Lake(cluster.catalog) as lake:
        return lake.query(f"SELECT rowid, a, b, tags FROM parts{at} ORDER BY a")


def fewer(cluster, *table):
    answer = cluster.json("tables", "compact", *table)
    assert answer["is_complete"]
    return {table["table"]: table["fewer_files"] for table in answer["tables"]}


def test_files_become_few_and_every_row_stays_with_its_number(cluster, append):
    for part in range(6):
        last = append(cluster, part)
    before, version = content(cluster), cluster.json("snapshots")[-1]["id"]
    old = parquet_files(cluster.catalog, "parts")
    assert (len(old), len(before)) == (6, 6 * ROWS)
    assert fewer(cluster, "parts") == {"parts": 5}
    [new] = parquet_files(cluster.catalog, "parts")
    assert content(cluster) == content(cluster, version) == before
    # Row groups were copied as they are, with all that their footers said.
    found = parquet.ParquetFile(new).metadata
    assert found.num_row_groups == 6 and found.num_rows == 6 * ROWS
    groups = [found.row_group(index) for index in range(6)]
    assert all(group.sorting_columns for group in groups)
    assert [group.column(0).statistics.min for group in groups] == [n * ROWS for n in range(6)]
    # The table still leads to its last job, and there is no more to do.
    [table] = [t for t in cluster.json("tables") if t["table"] == "parts"]
    assert (table["files"], table["job"]) == (1, last["id"])
    assert fewer(cluster, "ott.parts") == {}
    assert cluster.run("tables", "compact", "parts").stdout == "there is nothing to compact\n"
    # Older versions go with their files, the newest stays; appends go on.
    cluster.run("tables", "expire", "--older-than", "0s")
    let_time_pass(cluster)
    cluster.run("tables", "vacuum")
    assert not any(path.exists() for path in old) and content(cluster) == before
    append(cluster, 6)
    assert [row[:2] for row in content(cluster)] == [(n, n) for n in range(7 * ROWS)]


def test_all_tables_are_compacted_those_of_the_coordinator_too(cluster, append, tmp_path):
    path = job_file(tmp_path, "checked", [column("a", "int32")], checks={"not_null": ["a"]})
    write_gzip(tmp_path / "checked.tsv.gz", tsv(["a"], [[1]]))
    for part in range(3):
        append(cluster, part)
        cluster.load(path, "--input", tmp_path)
    assert fewer(cluster) == {"parts": 2, "data_quality": 2}
    assert len(cluster.json("quality", "checked")) == 3


def test_files_of_other_programs_stay_as_they_are(cluster, append):
    for part in range(2):
        append(cluster, part)
    with Lake(cluster.catalog, read_only=False) as lake:
        lake.query("INSERT INTO parts VALUES (1000, 'mine', ['x'])")
    for part in range(2, 4):
        append(cluster, part)
    before = content(cluster)
    assert fewer(cluster) == {"parts": 2}
    assert len(parquet_files(cluster.catalog, "parts")) == 3
    assert content(cluster) == before


def test_wrong_usage_is_told(cluster):
    assert "ott.nobody" in cluster.run("tables", "compact", "nobody", code=WRONG_USAGE).stderr
    assert fewer(cluster) == {}


def test_readers_loads_and_kills_beside_compacting_lose_and_double_nothing(cluster, append):
    append(cluster, 0)
    troubles, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            try:
                rows = content(cluster)
                if [row[:2] for row in rows] != [(n, n) for n in range(len(rows))]:
                    troubles.append(len(rows))
            except Exception as error:  # whatever it is fails the test
                if "database is locked" not in str(error):
                    troubles.append(error)

    def compact():
        while not ended.is_set():
            cluster.run("tables", "compact", "parts", code=None)

    threads = [threading.Thread(target=work) for work in (read, compact)]
    for thread in threads:
        thread.start()
    try:
        for part in range(1, 13):
            append(cluster, part)
            if part % 3 == 0:
                os.kill(cluster.coordinator_pid(), signal.SIGKILL)
                cluster.up()
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not troubles
    fewer(cluster)
    assert [row[:2] for row in content(cluster)] == [(n, n) for n in range(13 * ROWS)]
    assert len(parquet_files(cluster.catalog, "parts")) == 1
