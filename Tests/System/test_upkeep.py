"""Upkeep of the table store: forgetting versions, deleting files, dropping tables; readers go on."""

import os
import signal
import sqlite3
import threading
import time

import pytest

from harness import WRONG_USAGE, column, job_file, tsv, write_gzip, wait_until
from lake import Lake, catalog_rows, parquet_files

COLUMNS = [column("a", "int32"), column("b")]


@pytest.fixture
def tiny(tmp_path):
    """Loads ott.tiny with so many rows: load(cluster, rows)."""
    path = job_file(tmp_path, "tiny", COLUMNS)

    def load(cluster, rows):
        write_gzip(tmp_path / "tiny.tsv.gz", tsv(["a", "b"], [[n, n * n] for n in range(rows)]))
        return cluster.load(path, "--input", tmp_path)

    return load


def segments(cluster):
    return {path.name for path in cluster.store.rglob("*.parquet")}


def let_time_pass(cluster):
    """Makes all scheduled files as old as if they had been scheduled long ago."""
    connection = sqlite3.connect(cluster.catalog, timeout=30)
    with connection:
        connection.execute(
            "UPDATE ducklake_files_scheduled_for_deletion"
            " SET schedule_start = '2020-01-01 00:00:00.000000+00'"
        )
    connection.close()


def test_expired_versions_are_gone_and_their_files_go_after_the_grace(cluster, tiny):
    for rows in (1, 2, 3):
        tiny(cluster, rows)
    before = segments(cluster)
    answer = cluster.json("tables", "expire", "--older-than", "0s")
    assert answer["versions"] == len([0, 1, 2]) and answer["files"] == 2
    assert len(cluster.json("snapshots")) == 1
    assert cluster.json("tables", "vacuum") == {"files": 0, "waiting": 2}
    assert segments(cluster) == before
    let_time_pass(cluster)
    assert cluster.json("tables", "vacuum") == {"files": 2, "waiting": 0}
    assert segments(cluster) == {path.name for path in parquet_files(cluster.catalog, "tiny")}
    with Lake(cluster.catalog) as lake:
        assert lake.query("SELECT count(*), max(a) FROM tiny") == [(3, 2)]


def test_young_versions_are_kept(cluster, tiny):
    tiny(cluster, 1)
    tiny(cluster, 2)
    assert cluster.json("tables", "expire", "--older-than", "1h") == {"versions": 0, "files": 0}
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(*) FROM tiny AT (VERSION => 1)") == 1


def test_vacuum_removes_what_a_crash_left_and_no_stranger(cluster, tiny):
    tiny(cluster, 1)
    folder = parquet_files(cluster.catalog, "tiny")[0].parent
    left = folder / "0123456789abcdef-7-0-1-0.parquet"
    young = folder / "0123456789abcdef-7-0-1-1.parquet"
    strange = folder / "mine.parquet"
    for path in (left, young, strange):
        path.write_bytes(b"PAR1")
        if path != young:
            os.utime(path, (1, 1))
    assert cluster.json("tables", "vacuum")["files"] == 1
    assert not left.exists() and young.exists() and strange.exists()


def test_a_dropped_table_is_gone_but_for_older_versions(cluster, tiny):
    tiny(cluster, 4)
    [version] = [t["snapshot"] for t in cluster.json("tables") if t["table"] == "tiny"]
    cluster.run("tables", "drop", "ott.tiny")
    assert cluster.json("tables") == []
    with Lake(cluster.catalog) as lake:
        assert lake.value(f"SELECT count(*) FROM tiny AT (VERSION => {version})") == 4
    tiny(cluster, 5)
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(*) FROM tiny") == 5
    told = cluster.run("tables", "drop", "nothing", code=WRONG_USAGE).stderr
    assert "ott.nothing" in told


def test_a_table_that_a_view_reads_is_not_dropped(cluster, tiny, tmp_path):
    tiny(cluster, 4)
    view = tmp_path / "evens.sql"
    view.write_text("SELECT a FROM ott.tiny WHERE a % 2 = 0")
    cluster.run("views", "publish", view)
    for name in ("tiny", "ott.TINY"):
        told = cluster.run("tables", "drop", name, code=WRONG_USAGE).stderr
        assert "otjob views drop ott.evens" in told
    cluster.run("views", "drop", "ott.evens")
    view.write_text("SELECT * FROM ott.tiny_rejects")
    cluster.run("views", "publish", view)
    assert "ott.evens" in cluster.run("tables", "drop", "tiny", code=WRONG_USAGE).stderr
    cluster.run("views", "drop", "ott.evens")
    cluster.run("tables", "drop", "Tiny")
    assert cluster.json("tables") == []


@pytest.mark.parametrize(
    "words",
    [
        ["expire"],
        ["expire", "--older-than", "soon"],
        ["vacuum", "--older-than", "1d"],
        ["drop"],
        ["list", "tiny"],
        ["shrink"],
    ],
)
def test_wrong_usage_is_told(shared_cluster, words):
    told = shared_cluster.run("tables", *words, code=WRONG_USAGE).stderr
    assert told.count("\n") == 1


def test_readers_and_loads_go_on_beside_upkeep_and_kills(cluster, tiny):
    """A reader that looks again and again never sees a table without its rows, whatever is done."""
    tiny(cluster, 50)
    seen, troubles, ended, looks = set(), [], threading.Event(), []

    def read():
        while not ended.is_set():
            try:
                with Lake(cluster.catalog) as lake:
                    # Two questions about one version: the next load may come in between.
                    lake.query("BEGIN")
                    count, top = lake.query("SELECT count(*), max(a) FROM tiny")[0]
                    rows = len(lake.rows("tiny"))
                    lake.query("COMMIT")
                seen.add(count)
                looks.append(count)
                if not count == rows == top + 1:
                    troubles.append((count, top, rows))
            except Exception as error:  # whatever it is fails the test
                if "database is locked" not in str(error):
                    troubles.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for round in range(6):
            looked = len(looks)
            wait_until(lambda: len(looks) > looked or troubles, "a look of the reader", 60)
            tiny(cluster, 51 + round)
            cluster.run("tables", "expire", "--older-than", "0s")
            if round % 2:
                cluster.run("tables", "vacuum")
            else:
                os.kill(cluster.coordinator_pid(), signal.SIGKILL)
                cluster.up()
        time.sleep(0.2)
    finally:
        ended.set()
        reader.join()
    assert not troubles
    assert len(seen) > 1
    [(count,)] = catalog_rows(cluster.catalog, "SELECT count(*) FROM ducklake_snapshot")
    assert count == 1
    assert all(path.is_file() for path in parquet_files(cluster.catalog, "tiny"))
