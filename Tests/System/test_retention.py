"""What is over is forgotten after its time: jobs, logs, old versions and their files."""

import time

import pytest

from harness import column, job_file, tsv, wait_until, write_gzip
from lake import Lake

# Short enough to be waited for; the shortest time that cluster.yaml takes is a second.
RETENTION = "retention: {jobs: 1s, logs: 1s, versions: 1s}"
# Lines of the coordinator's log, and pages of databases that are not full.
SLACK_BYTES = 256 << 10


def size_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def segments(cluster):
    return sorted(path.name for path in cluster.store.rglob("*.parquet"))


def forgotten(cluster):
    """Whether no job, log or old version is left."""
    return (
        not cluster.json("list")
        and not list((cluster.state / "logs").iterdir())
        and len(cluster.json("snapshots")) <= 1
    )


def run_jobs(cluster, table_job, data, count):
    """Runs so many small jobs, every other one the load of a tiny table, and lets them be forgotten."""
    for number in range(count):
        if number % 2:
            cluster.submit("selftest", "--set", "tasks=3")
        else:
            cluster.submit(table_job, "--input", data)
    wait_until(lambda: forgotten(cluster), f"{count} jobs are forgotten", 600)
    wait_until(lambda: len(segments(cluster)) == 1, "old segments are gone", 60)


@pytest.fixture
def tiny(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_gzip(data / "tiny.tsv.gz", tsv(["a", "b"], [[n, f"text {n}"] for n in range(10)]))
    return job_file(tmp_path, "tiny", [column("a", "int32"), column("b")]), data


def state_does_not_grow(new_cluster, tiny, first, second):
    cluster = new_cluster(more=[RETENTION]).up()
    run_jobs(cluster, *tiny, first)
    before = size_bytes(cluster.state) + size_bytes(cluster.store)
    run_jobs(cluster, *tiny, second)
    after = size_bytes(cluster.state) + size_bytes(cluster.store)
    assert after <= before + SLACK_BYTES
    # What readers see is there all the same, and leads to the job that made it.
    table = next(table for table in cluster.json("tables") if table["table"] == "tiny")
    assert table["rows"] == 10
    assert table["job"]
    with Lake(cluster.catalog) as lake:
        assert lake.query("SELECT count(*), max(a) FROM lake.ott.tiny") == [(10, 9)]


def test_state_is_no_larger_after_more_jobs(new_cluster, tiny):
    state_does_not_grow(new_cluster, tiny, 6, 30)


@pytest.mark.nightly
def test_state_is_no_larger_after_a_thousand_jobs(new_cluster, tiny):
    state_does_not_grow(new_cluster, tiny, 100, 1000)


def test_a_reader_keeps_its_version_until_the_time_is_over(new_cluster, tiny):
    job, data = tiny
    cluster = new_cluster(more=["retention: {jobs: 1s, logs: 1s, versions: 1d}"]).up()
    first = cluster.load(job, "--input", data)
    second = cluster.load(job, "--input", data)
    wait_until(lambda: not cluster.json("list"), "the jobs are forgotten")
    versions = {snapshot["id"] for snapshot in cluster.json("snapshots")}
    old = first["steps"][0]["snapshot"]
    assert {old, second["steps"][0]["snapshot"]} <= versions
    assert len(segments(cluster)) == 2
    with Lake(cluster.catalog) as lake:
        query = f"SELECT count(*) FROM lake.ott.tiny AT (VERSION => {old})"
        assert lake.query(query) == [(10,)]


def test_a_forgotten_job_is_unknown_and_a_job_that_runs_is_kept(new_cluster):
    cluster = new_cluster(more=[RETENTION]).up()
    running = cluster.submit("selftest", "--set", "tasks=2", "--set", "sleep=6s")
    over = cluster.submit("selftest", "--set", "tasks=1")
    wait_until(
        lambda: [job["id"] for job in cluster.json("list")] == [running], "one job is left"
    )
    assert "there is no job" in cluster.run("status", over, code=None).stderr
    time.sleep(1.5)
    assert cluster.status(running)["state"] == "RUNNING"
    assert cluster.run("logs", running).stdout
    cluster.run("cancel", running)
