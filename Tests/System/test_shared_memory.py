"""Workers that the coordinator started read chunks in its memory; what becomes of either, no row is wrong."""

import os
import signal
import time

from harness import wait_until
from reference import DATASETS
from lake import Lake

SCALE, CHUNK = 0.01, "64KiB"


def shares_memory(pid):
    """Whether the process maps a block of somebody's shared memory just now."""
    try:
        with open(f"/proc/{pid}/maps") as maps:
            return "memfd:otcluster" in maps.read()
    except FileNotFoundError:
        return False


def rows(cluster):
    with Lake(cluster.catalog) as lake:
        return {table: lake.fingerprint(table) for table in DATASETS}


def test_a_worker_reads_chunks_in_the_memory_of_its_coordinator(new_cluster, sample):
    cluster = new_cluster(chunk=CHUNK)
    workers = cluster.worker_pids()
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_until(lambda: any(map(shares_memory, workers)), "a worker that maps shared memory")
    assert cluster.wait(job)["state"] == "DONE"
    assert not any(map(shares_memory, workers)), "memory is kept without a chunk"


def test_a_worker_stopped_across_its_lease_reads_what_nobody_writes_again(new_cluster, sample):
    cluster = new_cluster(chunk=CHUNK, lost_after="1s")
    job = cluster.submit("imdb", "--input", sample(SCALE))
    victim = cluster.worker_pids()[0]
    wait_until(lambda: shares_memory(victim), "a worker that maps shared memory")
    os.kill(victim, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(victim, signal.SIGCONT)
    assert cluster.wait(job)["state"] == "DONE"
    disturbed = rows(cluster)
    cluster.load("imdb", "--input", sample(SCALE))
    assert disturbed == rows(cluster)
