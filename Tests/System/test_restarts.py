"""A coordinator that is killed goes on where the state says: what was finished is not done again."""

import gzip
import os
import re
import shutil
import signal
import sqlite3
import time

import pytest

from harness import loads, wait_until
from lake import Lake
from test_lost_workers import CHUNK, SCALE, chunks_done, fingerprints, undisturbed, wait_for_share


def kill_coordinator(cluster):
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)


def resumed(cluster, job):
    """What the last restart found of the job: steps published, tasks finished."""
    log = cluster.run("logs", job).stdout
    found = re.findall(r"goes on, (\d+) steps published, (\d+) tasks finished", log)
    return tuple(map(int, found[-1]))


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_every_task_that_was_shown_as_done_is_found_done(
    new_cluster, sample, undisturbed, share
):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, share)
    before = cluster.status(job)
    kill_coordinator(cluster)
    cluster.up()
    published, tasks = resumed(cluster, job)
    assert published >= sum(step["state"] == "DONE" for step in loads(before))
    # Steps that were published meanwhile took their finished tasks along.
    shown = sum(s["chunks"]["done"] for s in before["steps"] if s["state"] != "DONE")
    at_most_published = published - sum(s["state"] == "DONE" for s in loads(before))
    assert tasks >= shown or at_most_published > 0
    status = cluster.wait(job)
    assert status["state"] == "DONE"
    assert fingerprints(cluster) == undisturbed
    for step in status["steps"]:
        assert step["chunks"]["done"] == step["chunks"]["total"]


def test_a_step_that_only_waits_for_its_commit_does_nothing_again(
    new_cluster, sample, undisturbed
):
    cluster = new_cluster(chunk=CHUNK)
    cluster.load("title_crew", "--input", sample(0.002))
    # While somebody writes to the catalog, all tasks end and nothing can be published.
    writer = sqlite3.connect(cluster.catalog, isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        job = cluster.submit("title_crew", "--input", sample(SCALE))

        def finished():
            [step] = cluster.status(job)["steps"]
            return step["chunks"]["total"] > 1 and step["input_read_bytes"] == step[
                "input_bytes"
            ] and step["chunks"]["done"] == step["chunks"]["total"]

        wait_until(finished, "all chunks to be done")
        time.sleep(0.5)  # for the input's end to be recorded, which nobody waits for
        kill_coordinator(cluster)
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    cluster.up()
    status = cluster.wait(job)
    assert status["state"] == "DONE"
    [step] = status["steps"]
    assert resumed(cluster, job) == (0, step["chunks"]["total"])
    with Lake(cluster.catalog) as lake:
        assert lake.fingerprint("title_crew") == undisturbed["title_crew"]


def test_tasks_without_data_are_not_done_again(new_cluster):
    cluster = new_cluster()
    job = cluster.submit("selftest", "--set", "tasks=300", "--set", "sleep=0.02s")
    wait_until(lambda: chunks_done(cluster, job) > 50, "some tasks")
    shown = chunks_done(cluster, job)
    kill_coordinator(cluster)
    cluster.up()
    assert resumed(cluster, job)[1] >= shown
    status = cluster.wait(job)
    assert status["state"] == "DONE"
    assert status["steps"][0]["chunks"]["done"] == 300


def test_an_input_that_changed_while_there_was_no_coordinator_ends_the_job(
    new_cluster, sample, tmp_path
):
    cluster = new_cluster(chunk=CHUNK)
    cluster.load("title_akas", "--input", sample(0.002))
    with Lake(cluster.catalog) as lake:
        before = lake.fingerprint("title_akas")
    source = tmp_path / "title.akas.tsv.gz"
    shutil.copy(sample(SCALE) / source.name, source)
    job = cluster.submit("title_akas", "--input", source)
    wait_until(lambda: chunks_done(cluster, job) > 5, "some chunks")
    kill_coordinator(cluster)
    with gzip.open(source) as file:
        lines = file.read()
    title, ordering, *rest = lines.splitlines(keepends=True)[-1].split(b"\t")
    one_more = b"\t".join([title, b"%d" % (int(ordering) + 1), *rest])
    source.write_bytes(gzip.compress(lines + one_more, 1))
    cluster.up()
    status = cluster.wait(job)
    assert status["state"] == "ERROR"
    assert str(source) in status["reason"] and "submit the job again" in status["reason"]
    with Lake(cluster.catalog) as lake:
        assert lake.fingerprint("title_akas") == before
    # Nothing of it is left, and the new file loads.
    cluster.load("title_akas", "--input", source)
    assert not list((cluster.state / "spool").glob("results-*"))


def test_results_of_another_chunk_size_are_gone_on_with(new_cluster, sample, undisturbed):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, 0.5)
    kill_coordinator(cluster)
    cluster.config.write_text(cluster.config.read_text().replace(CHUNK, "1MiB"))
    cluster.up()
    assert cluster.wait(job)["state"] == "DONE"
    assert fingerprints(cluster) == undisturbed


def test_a_torn_spool_file_costs_only_what_was_torn(new_cluster, sample, undisturbed):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, 0.6)
    kill_coordinator(cluster)
    for path in (cluster.state / "spool").glob("results-*"):
        size = path.stat().st_size
        os.truncate(path, size - min(1000, size // 2))
    cluster.up()
    assert resumed(cluster, job)[1] > 0
    assert cluster.wait(job)["state"] == "DONE"
    assert fingerprints(cluster) == undisturbed


def test_a_lost_state_folder_costs_no_table_and_hides_no_load(new_cluster, sample):
    """Jobs are numbered anew then; what they publish must not be taken for what was published."""
    cluster = new_cluster()
    cluster.load("title_ratings", "--input", sample(0.0005))
    cluster.down()
    shutil.rmtree(cluster.state)
    cluster.up()
    status = cluster.load("title_ratings", "--input", sample(0.002))
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(*) FROM title_ratings") == status["steps"][0]["rows"]
        # The version before is still whole.
        old = status["steps"][0]["snapshot"] - 1
        assert lake.value(f"SELECT count(*) FROM title_ratings AT (VERSION => {old})") > 0
