"""A second load by a file's split index gives the rows of the first, whatever happens meanwhile."""

import gzip
import os
import shutil
import signal

import pytest

from harness import FAILED, WRONG_USAGE, wait_until
from lake import Lake
from test_lost_workers import CHUNK, chunks_done

SCALE, JOB, TABLE = 0.02, "title_akas", "title_akas"
FILE = "title.akas.tsv.gz"


@pytest.fixture(params=["as the sample has it", "gzip -6"])
def source(request, sample, tmp_path):
    path = tmp_path / FILE
    shutil.copy(sample(SCALE) / FILE, path)
    if request.param == "gzip -6":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 6))
    return path


@pytest.fixture
def plain(sample, tmp_path):
    path = tmp_path / FILE
    path.write_bytes(gzip.compress(gzip.decompress((sample(SCALE) / FILE).read_bytes()), 6))
    return path


def indexes(cluster):
    return list((cluster.state / "indexes").glob("*.split"))


def print_of(cluster):
    with Lake(cluster.catalog) as lake:
        return lake.fingerprint(TABLE)


def first_load(cluster, source):
    """Loads the file for the first time; returns the table's fingerprint."""
    status = cluster.load(JOB, "--input", source)
    assert "has no split index yet" in cluster.run("logs", status["id"]).stdout
    wait_until(lambda: indexes(cluster), "an index")
    return print_of(cluster)


def is_indexed(cluster, job):
    log = cluster.run("logs", job).stdout
    by_index, inflated = "by its split index" in log, "has no split index yet" in log
    assert by_index != inflated
    return by_index


def test_a_second_load_uses_the_index_and_gives_the_same_rows(new_cluster, source):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, source)
    status = cluster.load(JOB, "--input", source)
    assert is_indexed(cluster, status["id"])
    assert print_of(cluster) == before
    [step] = status["steps"]
    assert step["input_read_bytes"] == step["input_bytes"] == source.stat().st_size


def test_a_changed_file_is_noticed_and_gets_a_new_index(new_cluster, plain):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    lines = gzip.decompress(plain.read_bytes()).splitlines(keepends=True)
    plain.write_bytes(gzip.compress(b"".join(lines[: len(lines) // 2]), 6))
    status = cluster.load(JOB, "--input", plain)
    assert not is_indexed(cluster, status["id"])
    half = print_of(cluster)
    assert half[0] == len(lines) // 2 - 1 and half != before

    def used():
        job = cluster.load(JOB, "--input", plain)["id"]
        return is_indexed(cluster, job)

    wait_until(used, "the new index to be used")
    assert print_of(cluster) == half


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty"])
def test_a_damaged_index_is_ignored_and_made_anew(new_cluster, plain, damage):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    [index] = indexes(cluster)
    whole = index.read_bytes()
    middle = len(whole) // 2
    index.write_bytes(
        {
            "flipped": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
            "truncated": whole[:middle],
            "empty": b"",
        }[damage]
    )
    status = cluster.load(JOB, "--input", plain)
    assert not is_indexed(cluster, status["id"])
    assert print_of(cluster) == before
    # The damaged one was removed before the load began.
    wait_until(lambda: indexes(cluster), "a new index")
    assert is_indexed(cluster, cluster.load(JOB, "--input", plain)["id"])


@pytest.mark.parametrize("victim", ["worker", "coordinator"])
def test_a_process_killed_during_an_indexed_load_costs_no_row(new_cluster, plain, victim):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    job = cluster.submit(JOB, "--input", plain)
    wait_until(lambda: chunks_done(cluster, job) > 5, "some chunks")
    assert cluster.status(job)["state"] == "RUNNING"
    if victim == "worker":
        os.kill(cluster.worker_pids()[0], signal.SIGKILL)
    else:
        os.kill(cluster.coordinator_pid(), signal.SIGKILL)
        cluster.up()
    assert cluster.wait(job)["state"] == "DONE"
    assert is_indexed(cluster, job)
    assert print_of(cluster) == before


def test_an_index_can_be_made_ahead_of_the_first_load(new_cluster, plain):
    cluster = new_cluster(chunk=CHUNK)
    made = cluster.json("index", plain, "--config", cluster.config)
    assert [str(path) for path in indexes(cluster)] == [made["index"]]
    with gzip.open(plain) as file:
        assert made["lines"] == sum(1 for _ in file)
    assert made["size_bytes"] == plain.stat().st_size and made["chunks"] > 3
    assert cluster.json("index", plain, "--check", "--config", cluster.config) == made
    assert "is right" in cluster.run("index", "--check", plain, "--config", cluster.config).stdout
    assert is_indexed(cluster, cluster.load(JOB, "--input", plain)["id"])


def test_the_check_of_an_index_tells_what_is_wrong(new_cluster, plain):
    cluster = new_cluster(chunk=CHUNK)

    def complaint(*arguments, code=FAILED):
        done = cluster.run("index", *arguments, "--config", cluster.config, code=code)
        assert done.stderr.count("\n") == 1 and not done.stdout
        return done.stderr

    assert "make one with: otjob index" in complaint(plain, "--check")
    assert "nowhere.gz" in complaint("nowhere.gz", code=WRONG_USAGE)
    cluster.run("index", plain, "--config", cluster.config)
    [index] = indexes(cluster)
    index.write_bytes(index.read_bytes()[:-100])
    assert "it is damaged" in complaint(plain, "--check")
    whole = plain.read_bytes()
    plain.write_bytes(whole[: len(whole) // 2])
    assert "ends in the middle" in complaint(plain)
