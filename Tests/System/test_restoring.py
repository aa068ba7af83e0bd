"""A table becomes what it was in an older version, and stays that whatever is forgotten after."""

import json
import os
import signal

import pytest

from harness import WRONG_USAGE, column, job_file, tsv, write_gzip
from lake import Lake, parquet_files
from test_upkeep import let_time_pass, tiny

__all__ = ["tiny"]


def rows(cluster, version=None):
    at = f" AT (VERSION => {version})" if version else ""
    with Lake(cluster.catalog) as lake:
        return lake.query(f"SELECT count(*), max(a) FROM tiny{at}")[0]


def newest(cluster):
    return cluster.json("snapshots")[-1]["id"]


def test_the_old_rows_are_there_again_and_outlive_the_old_version(cluster, tiny):
    first = tiny(cluster, 3)
    version = newest(cluster)
    tiny(cluster, 8)
    told = cluster.run("tables", "restore", "tiny", "--version", version).stdout
    assert f"ott.tiny is what it was in version {version}" in told
    assert (rows(cluster), rows(cluster, version + 1)) == ((3, 2), (8, 7))
    [table] = [t for t in cluster.json("tables") if t["table"] == "tiny"]
    assert (table["rows"], table["job"], table["snapshot"]) == (3, first["id"], newest(cluster))
    # The coordinator is killed, the versions before are forgotten, and their files deleted.
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    cluster.run("tables", "expire", "--older-than", "0s")
    let_time_pass(cluster)
    assert cluster.json("tables", "vacuum")["files"] == 2
    assert len(list(cluster.store.rglob("*.parquet"))) == 1
    assert rows(cluster) == (3, 2)
    assert all(path.is_file() for path in parquet_files(cluster.catalog, "tiny"))


def test_the_rejected_rows_go_along(cluster, tmp_path):
    path = job_file(tmp_path, "mixed", [column("a", "int32"), column("b")])
    versions = []
    for lines in ("1\tx\nwrong\n2\ty\n", "3\tz\n"):
        write_gzip(tmp_path / "mixed.tsv.gz", "a\tb\n" + lines)
        cluster.load(path, "--input", tmp_path)
        versions.append(newest(cluster))

    def counts():
        with Lake(cluster.catalog) as lake:
            names = ("mixed", "mixed_rejects")
            return [lake.value(f"SELECT count(*) FROM {name}") for name in names]

    assert counts() == [1, 0]
    cluster.run("tables", "restore", "mixed", "--version", versions[0])
    assert counts() == [2, 1]
    cluster.run("tables", "restore", "ott.mixed", "--version", versions[1])
    assert counts() == [1, 0]


def test_a_dropped_table_is_brought_back(cluster, tiny):
    tiny(cluster, 4)
    version = newest(cluster)
    cluster.run("tables", "drop", "tiny")
    cluster.run("tables", "restore", "tiny", "--version", version)
    assert rows(cluster) == (4, 3)
    tiny(cluster, 5)
    assert rows(cluster) == (5, 4)


def test_a_workflow_knows_what_the_restored_table_was_loaded_from(cluster, tiny, tmp_path):
    tiny(cluster, 4)
    version, old = newest(cluster), (tmp_path / "tiny.tsv.gz").read_bytes()
    tiny(cluster, 5)
    cluster.run("tables", "restore", "tiny", "--version", version)
    (tmp_path / "tiny.tsv.gz").write_bytes(old)
    steps = [{"step": "load", "load": ["tiny"], "when": "changed"}]
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    (jobs / "tiny.yaml").write_text((tmp_path / "tiny.yaml").read_text())
    (jobs / "w.yaml").write_text(json.dumps({"workflow": "w", "steps": steps}))
    cluster.down()
    cluster.config.write_text(cluster.config.read_text() + f"jobs: [{jobs}]\n")
    cluster.up()
    [step] = cluster.load("w", "--input", tmp_path)["steps"]
    assert step["state"] == "SKIPPED"


@pytest.mark.parametrize(
    "words, reason",
    [
        (["tiny", "--version", "999"], "version 999 is forgotten, or never was"),
        (["tiny", "--version", "0"], "was not there in version 0"),
        (["nobody", "--version", "1"], "ott.nobody was not there in version 1"),
        (["tiny", "--version", "2"], "is what it was in version 2"),
        (["tiny", "--version", "soon"], "'soon' is no version"),
        (["tiny"], "--version"),
        ([], "restore needs a TABLE"),
        (["tiny", "--older-than", "1d"], "--older-than belongs to expire"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(refusing, words, reason):
    told = refusing.run("tables", "restore", *words, code=WRONG_USAGE).stderr
    assert reason in told and told.count("\n") == 1


@pytest.fixture(scope="module")
def refusing(shared_cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    path = job_file(folder, "tiny", [column("a", "int32")])
    for count in (1, 2):
        write_gzip(folder / "tiny.tsv.gz", tsv(["a"], [[n] for n in range(count)]))
        shared_cluster.load(path, "--input", folder)
    return shared_cluster


def test_a_file_that_is_gone_is_named_and_nothing_changes(cluster, tiny):
    tiny(cluster, 4)
    [gone] = parquet_files(cluster.catalog, "tiny")
    version = newest(cluster)
    tiny(cluster, 5)
    gone.unlink()
    told = cluster.run("tables", "restore", "tiny", "--version", version, code=WRONG_USAGE).stderr
    assert gone.name in told and "is gone" in told
    assert newest(cluster) == version + 1 and rows(cluster) == (5, 4)
    assert len(list(cluster.store.rglob("*.parquet"))) == 1
