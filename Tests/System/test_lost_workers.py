"""Workers and coordinators may die or freeze at any moment: no row is lost and none comes twice."""

import os
import signal
import subprocess
import time

import pytest

from harness import can_unshare, cpu_seconds, process_pool, static_pool, wait_until
from lake import Lake
from reference import DATASETS

# About 1,600 chunks of 64 KiB: long enough to be disturbed in the middle.
SCALE, CHUNK = 0.01, "64KiB"


def fingerprints(cluster):
    with Lake(cluster.catalog) as lake:
        return {table: lake.fingerprint(table) for table in DATASETS}


@pytest.fixture(scope="module")
def undisturbed(new_shared_cluster, sample):
    """What the tables are without faults; test_loading compares such loads with their input."""
    cluster = new_shared_cluster()
    cluster.load("imdb", "--input", sample(SCALE))
    prints = fingerprints(cluster)
    cluster.down()
    return prints


def chunks_done(cluster, job):
    return sum(step["chunks"]["done"] for step in cluster.status(job)["steps"])


def wait_for_share(cluster, job, share):
    """Waits until that share of all chunks known so far is done; the job must still be running."""

    def reached():
        status = cluster.status(job)
        assert status["state"] in ("PENDING", "RUNNING"), f"too soon {status['state']}"
        steps = status["steps"]
        begun = [s["chunks"] for s in steps if s["chunks"]["total"]]
        if not begun:
            return False
        # Totals of steps that have not begun may be unknown: count steps as equal parts.
        whole = sum(c["done"] / c["total"] for c in begun) / len(DATASETS)
        return whole >= share

    wait_until(reached, f"{share:.0%} of the job")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.8, 0.9])
def test_a_worker_killed_costs_no_row(new_cluster, sample, undisturbed, share):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, share)
    os.kill(cluster.worker_pids()[0], signal.SIGKILL)
    assert cluster.wait(job)["state"] == "DONE"
    assert fingerprints(cluster) == undisturbed


def test_a_killed_worker_is_replaced(cluster):
    before = set(wait_until(lambda: len(p := cluster.worker_pids()) == 2 and p, "two workers"))
    os.kill(min(before), signal.SIGKILL)

    def replaced():
        pids = set(cluster.worker_pids())
        return len(pids) == 2 and min(before) not in pids

    wait_until(replaced, "a new worker", 30)


def test_a_killed_coordinator_goes_on_where_it_was(new_cluster, sample, undisturbed):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    for share in (0.1, 0.5, 0.8):
        wait_for_share(cluster, job, share)
        os.kill(cluster.coordinator_pid(), signal.SIGKILL)
        cluster.up()
    assert cluster.wait(job)["state"] == "DONE"
    assert fingerprints(cluster) == undisturbed


def test_while_all_workers_are_frozen_nothing_moves_and_nothing_burns(
    new_cluster, sample, undisturbed
):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, 0.3)
    frozen = cluster.worker_pids()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Results already on their way arrive; all of this is well within lost_after (5 s).
        time.sleep(0.7)
        coordinator = cluster.coordinator_pid()
        done, burnt = chunks_done(cluster, job), cpu_seconds(coordinator)
        time.sleep(2)
        assert cpu_seconds(coordinator) - burnt < 0.2
        assert chunks_done(cluster, job) == done
        assert cluster.status(job)["state"] == "RUNNING"
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert cluster.wait(job)["state"] == "DONE"
    assert fingerprints(cluster) == undisturbed


def test_a_worker_that_wakes_after_its_lease_changes_nothing(new_cluster, sample, undisturbed):
    cluster = new_cluster(chunk=CHUNK)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, 0.3)
    frozen = cluster.worker_pids()[0]
    os.kill(frozen, signal.SIGSTOP)
    try:
        assert cluster.wait(job)["state"] == "DONE"
    finally:
        os.kill(frozen, signal.SIGCONT)
    time.sleep(1)  # for its late reports to arrive
    assert fingerprints(cluster) == undisturbed


def start_worker(cluster, pool, prefix=()):
    command = [cluster.otjob, "worker", "--coordinator", f"127.0.0.1:{cluster.worker_port}"]
    log = (cluster.folder / f"worker-{pool}.log").open("w")
    return subprocess.Popen(
        [*prefix, *command, "--pool", pool],
        env=cluster.environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
        raise


@pytest.mark.skipif(not can_unshare(), reason="mount namespaces are not permitted here")
def test_a_worker_that_sees_none_of_the_coordinators_files_does_all_the_work(
    new_cluster, sample, undisturbed
):
    cluster = new_cluster(pools=[static_pool("far")])
    hidden = [sample(SCALE), cluster.state, cluster.store]
    script = 'while [ "$1" != -- ]; do mount -t tmpfs none "$1"; shift; done; shift; exec "$@"'
    for folder in hidden:
        folder.mkdir(exist_ok=True)
    prefix = ["unshare", "--mount", "sh", "-ec", script, "sh", *map(str, hidden), "--"]
    worker = start_worker(cluster, "far", prefix)
    try:
        [pid] = wait_until(cluster.worker_pids, "the worker's registration", 30)
        # /proc/PID/root is the file system as that process sees it.
        for folder in hidden:
            assert os.listdir(f"/proc/{pid}/root{folder}") == []
        status = cluster.load("imdb", "--input", sample(SCALE))
        assert status["pool"] == "far"
        assert fingerprints(cluster) == undisturbed
    finally:
        end(worker)


def test_a_pool_without_workers_is_skipped_for_the_next(new_cluster, sample):
    empty = static_pool("empty")
    local = process_pool("local", 1)
    cluster = new_cluster(pools=[empty, local])
    status = cluster.load("title_ratings", "--input", sample(0.0005))
    assert status["pool"] == "local"
    states = {pool["name"]: pool["state"] for pool in cluster.json("pools")}
    assert states["empty"] == "EMPTY"


def test_a_job_moves_to_the_next_pool_when_its_own_is_lost(new_cluster, sample, undisturbed):
    first = static_pool("first")
    second = process_pool("second", 1)
    cluster = new_cluster(pools=[first, second], chunk=CHUNK)
    worker = start_worker(cluster, "first")
    try:
        pools = lambda: {w["pool"] for w in cluster.json("workers") if w["state"] == "READY"}
        wait_until(lambda: "first" in pools(), "the worker's registration", 30)
        job = cluster.submit("imdb", "--input", sample(SCALE))
        wait_for_share(cluster, job, 0.2)
        assert cluster.status(job)["pool"] == "first"
    finally:
        worker.kill()
        worker.wait(10)
    status = cluster.wait(job)
    assert (status["state"], status["pool"]) == ("DONE", "second")
    assert fingerprints(cluster) == undisturbed
