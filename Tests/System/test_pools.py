"""Pools while jobs run: scaled, drained, lost, exhausted; slow workers, failing ones, poisonous tasks."""

import os
import signal
import struct
import time

import pytest

from harness import (
    column,
    job_file,
    loads,
    process_pool,
    static_pool,
    tsv,
    wait_until,
    write_gzip,
)
from test_lost_workers import CHUNK, SCALE, end, start_worker, wait_for_share
from test_strangers import FAILED, LEASE, LEASE_SYNTHETIC, frame, join, text

# Second attempts of slow tasks would be work done twice of their own kind.
ONCE = "speculate: false"


def counts(status):
    steps = loads(status)
    return sum(s["attempts"] for s in steps), sum(s["chunks"]["total"] for s in steps)


def pool(cluster, name):
    [found] = [pool for pool in cluster.json("pools") if pool["name"] == name]
    return found


def worker(cluster, pid):
    [found] = [worker for worker in cluster.json("workers") if worker["pid"] == pid]
    return found


def failed(attempt, message):
    """The report of an attempt that may be tried again, without anything about what it did."""
    fields = struct.pack("<qB", attempt, 0) + text(message) + struct.pack("<IqI", 0, 0, 0)
    return frame(FAILED, fields)


# Scaling and draining


def test_a_pool_is_scaled_in_mid_load_and_nothing_is_done_twice_for_it(new_cluster, sample):
    cluster = new_cluster(workers=1, chunk=CHUNK, scheduler=ONCE)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    for share, workers in ((0.1, 4), (0.4, 1), (0.7, 3)):
        wait_for_share(cluster, job, share)
        cluster.run("scale", "zone-a", workers)
        wait_until(lambda: len(cluster.worker_pids()) == workers, f"{workers} workers", 30)
    status = cluster.wait(job)
    assert status["state"] == "DONE"
    assert [step["table"] for step in loads(status) if step["rows"] == 0] == []
    attempts, chunks = counts(status)
    assert attempts == chunks


def test_a_drained_worker_finishes_what_it_runs(new_cluster, sample):
    cluster = new_cluster(workers=2, chunk=CHUNK, scheduler=ONCE)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    for share in (0.2, 0.5):
        wait_for_share(cluster, job, share)
        drained = [w for w in cluster.json("workers") if w["state"] == "READY"][0]
        cluster.run("drain", drained["id"])
        wait_until(lambda: worker(cluster, drained["pid"])["state"] == "STOPPED", "its end", 30)
        assert worker(cluster, drained["pid"])["reason"] == "drained by hand"
    status = cluster.wait(job)
    assert status["state"] == "DONE"
    attempts, chunks = counts(status)
    assert attempts == chunks
    assert "LOST" not in status["attempts_detail"]["counts"]


def test_a_drained_worker_ends_well_and_one_without_its_coordinator_does_not(new_cluster):
    cluster = new_cluster(pools=[static_pool("far")])
    first, second = start_worker(cluster, "far"), start_worker(cluster, "far")
    try:
        wait_until(lambda: len(cluster.worker_pids()) == 2, "two workers", 30)
        cluster.run("drain", worker(cluster, first.pid)["id"])
        # So that systemd leaves it alone: Restart=on-failure.
        assert first.wait(30) == 0
        cluster.run("down", "--config", cluster.config)
        assert second.wait(30) == 3
    finally:
        end(first)
        end(second)


# Fallback


def test_a_job_goes_on_in_the_next_pool_when_its_own_falls_short(new_cluster, sample):
    pools = [process_pool("first", 2), process_pool("second", 1)]
    scheduler = f"{ONCE}, fallback_after: 1s"
    cluster = new_cluster(pools=pools, chunk=CHUNK, scheduler=scheduler)
    job = cluster.submit("imdb", "--input", sample(SCALE))
    wait_for_share(cluster, job, 0.3)
    assert cluster.status(job)["pool"] == "first"
    cluster.run("scale", "first", 0)
    status = cluster.wait(job)
    assert (status["state"], status["pool"]) == ("DONE", "second")
    # Its workers finished what they ran: there was nothing to do again.
    attempts, chunks = counts(status)
    assert attempts == chunks
    log = cluster.run("logs", job).stdout
    assert "pool first is lost" in log and "going on in second" in log


def test_a_job_that_no_pool_can_run_waits_visibly_and_then_fails(new_cluster):
    broken = process_pool("broken", 0).replace("30s", "1s")
    pools = [static_pool("empty"), broken]
    cluster = new_cluster(pools=pools, scheduler="queue_timeout: 6s")
    job = cluster.submit("selftest", "--set", "tasks=1")

    def waits():
        status = cluster.status(job)
        assert status["state"] == "PENDING", status
        return "no pool has workers (empty is empty; broken: 0 of at least 1" in (
            status["reason"] or ""
        )

    wait_until(waits, "the reason", 5)
    exhausted = pool(cluster, "broken")
    assert exhausted["state"] == "EXHAUSTED"
    assert exhausted["reason"].startswith("0 of at least 1 workers after 1")
    status = cluster.wait(job, 30)
    assert status["state"] == "ERROR"
    assert status["reason"].startswith("ZONE_RESOURCE_POOL_EXHAUSTED: no pool has workers (")


# Autoscaling


def test_a_pool_follows_its_open_tasks_and_shrinks_after_the_cool_down(new_cluster):
    autoscaled = (
        "{name: zone-a, provider: process, workers: 1, min_workers: 1, max_workers: 4,"
        " autoscale: {tasks_per_worker: 10, cool_down: 3s}}"
    )
    cluster = new_cluster(pools=[autoscaled])
    job = cluster.submit("selftest", "--set", "tasks=60", "--set", "sleep=0.2s")
    wait_until(lambda: len(cluster.worker_pids()) == 4, "four workers", 30)
    assert "open tasks, 10 a worker" in pool(cluster, "zone-a")["reason"]
    assert cluster.wait(job)["state"] == "DONE"
    over = time.monotonic()
    wait_until(lambda: len(cluster.worker_pids()) == 1, "one worker", 60)
    # Within the cool-down a second job would have found them.
    assert time.monotonic() - over > 1
    reasons = {w["reason"] for w in cluster.json("workers") if w["state"] == "STOPPED"}
    assert reasons == {"the pool was scaled down"}


# Slow workers, failing workers, poisonous tasks


def test_a_slow_worker_is_overtaken_by_a_second_attempt(new_cluster, sample):
    # So long that the frozen worker is not lost meanwhile: it may only be overtaken.
    cluster = new_cluster(chunk=CHUNK, heartbeat="20s", lost_after="120s")
    job = cluster.submit("title_principals", "--input", sample(0.05))
    wait_until(lambda: cluster.status(job)["steps"][0]["chunks"]["done"] > 8, "some chunks")
    busy = wait_until(lambda: [w for w in cluster.json("workers") if w["running"]], "work")
    frozen = busy[0]["pid"]
    os.kill(frozen, signal.SIGSTOP)
    try:
        status = cluster.wait(job)
        assert status["state"] == "DONE"
        troubles = status["attempts_detail"]["troubles"]
        assert [t["pid"] for t in troubles if t["outcome"] == "REVOKED"] != []
        assert {t["cause"] for t in troubles} == {"revoked: another attempt was first"}
        assert worker(cluster, frozen)["state"] == "READY"
    finally:
        os.kill(frozen, signal.SIGCONT)
    attempts, chunks = counts(status)
    assert attempts > chunks


def test_a_task_that_takes_down_three_workers_fails_its_job(new_cluster, tmp_path):
    cluster = new_cluster(pools=[static_pool("frail")])
    write_gzip(tmp_path / "t.tsv.gz", tsv(["a"], [["x"], ["y"]]))
    frail = [join(cluster, "frail")]
    job = cluster.submit(job_file(tmp_path, "t", [column("a")]), "--input", tmp_path)
    for _ in range(3):
        assert frail[-1].receive(LEASE)
        frail.append(join(cluster, "frail"))
        frail[-2].socket.close()
    status = cluster.wait(job)
    assert status["state"] == "ERROR"
    told = "chunk 0 (" + str(tmp_path / "t.tsv.gz") + ", lines 2 to 3) took down 3 workers"
    assert told in status["reason"]
    assert status["attempts_detail"]["counts"]["LOST"] == 3


def test_a_task_that_crashes_its_workers_fails_its_job_and_no_other(new_cluster):
    cluster = new_cluster(workers=2)
    beside = cluster.submit("selftest", "--set", "tasks=60", "--set", "sleep=0.05s")
    job = cluster.submit("selftest", "--set", "tasks=5", "--set", "crash_at=3")
    status = cluster.wait(job)
    assert status["state"] == "ERROR"
    assert "chunk 3 took down 3 workers, the last one: " in status["reason"]
    assert cluster.wait(beside)["state"] == "DONE"


def test_a_worker_that_fails_while_others_do_not_is_set_aside(new_cluster):
    cluster = new_cluster(pools=[static_pool("mixed")])
    sound = start_worker(cluster, "mixed")
    try:
        wait_until(cluster.worker_pids, "the sound worker", 30)
        ill = join(cluster, "mixed")
        job = cluster.submit("selftest", "--set", "tasks=60", "--set", "sleep=0.05s")
        # Tasks without data come in batches: attempt, time to sleep, how to end.
        leases = list(struct.iter_unpack("<qQB", ill.receive(LEASE_SYNTHETIC)[4:]))
        for attempt, _, _ in leases[:3]:
            done = cluster.status(job)["steps"][0]["chunks"]["done"]
            enough = lambda: cluster.status(job)["steps"][0]["chunks"]["done"] >= done + 6
            wait_until(enough, "successes of the other worker", 30)
            ill.send(failed(attempt, "no space left on device"))
        [aside] = wait_until(
            lambda: [w for w in cluster.json("workers") if w["state"] == "SUSPECT"], "its rest", 30
        )
        assert aside["host"] == "stranger"
        assert aside["reason"].startswith("set aside for 30 s: failed 3 times within 10 minutes")
        ill.socket.close()
        assert cluster.wait(job)["state"] == "DONE"
    finally:
        end(sound)
