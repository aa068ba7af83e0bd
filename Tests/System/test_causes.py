"""Why attempts ended is told, in the status, the log and the events, also after a restart."""

import json
import os
import signal
import urllib.request

import pytest

from harness import Cluster, column, job_file, tsv, wait_until, write_gzip


def troubles(status, outcome):
    return [t for t in status["attempts_detail"]["troubles"] if t["outcome"] == outcome]


def events(cluster, job):
    """The states of a job that has ended, as its stream of events has them."""
    url = f"{cluster.environment['OTJOB_COORDINATOR']}/api/jobs/{job}/events"
    with urllib.request.urlopen(url, timeout=30) as stream:
        lines = stream.read().decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def restart(cluster):
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()


def check_everywhere(cluster, job, outcome, cause):
    """An attempt with this end stands in status, log, list of attempts and events; returns one."""

    def look():
        status = cluster.status(job)
        found = [t for t in troubles(status, outcome) if cause in t["cause"]]
        assert found, status["attempts_detail"]
        assert status["attempts_detail"]["counts"][outcome] >= len(found)
        trouble = found[-1]
        assert cause in cluster.run("status", job).stdout
        task = f"{trouble['step']}/{trouble['chunk']}"
        log = cluster.run("logs", job, "--task", task).stdout
        assert f"[{task}] attempt {trouble['attempt']} " in log
        assert cause in log
        assert trouble["host"] in log and str(trouble["pid"]) in log
        url = f"{cluster.environment['OTJOB_COORDINATOR']}/api/jobs/{job}/attempts"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert trouble in json.load(answer)["attempts"]
        if status["state"] in ("DONE", "ERROR", "CANCELLED"):
            assert trouble in events(cluster, job)[-1]["attempts_detail"]["troubles"]
        return trouble

    first = look()
    restart(cluster)
    assert look() == first
    return first


def test_a_killed_worker_leaves_its_signal(new_cluster):
    cluster = new_cluster(workers=2).up()
    job = cluster.submit("selftest", "--set", "tasks=8", "--set", "sleep=1s")
    wait_until(lambda: sum(w["running"] for w in cluster.json("workers")) >= 2, "attempts run")
    victim = cluster.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    assert cluster.wait(job)["state"] == "DONE"
    trouble = check_everywhere(cluster, job, "LOST", "signal 9")
    assert trouble["pid"] == victim
    assert cluster.status(job)["attempts_detail"]["counts"]["FINISHED"] == 8


def test_a_worker_killed_in_mid_load_leaves_its_signal(new_cluster, sample):
    cluster = new_cluster(workers=2, chunk="64KiB").up()
    # Long enough for commands that ask how far it is.
    job = cluster.submit("title_principals", "--input", sample(0.05))
    wait_until(lambda: cluster.status(job)["steps"][0]["chunks"]["done"] > 2, "chunks are done")
    # A worker that waits for its next chunk loses nothing: twice, but no chunk three times.
    for _ in range(2):
        for pid in cluster.worker_pids():
            os.kill(pid, signal.SIGKILL)
        if cluster.status(job)["attempts_detail"]["counts"].get("LOST"):
            break
        wait_until(cluster.worker_pids, "new workers")
    assert cluster.wait(job)["state"] == "DONE"
    trouble = check_everywhere(cluster, job, "LOST", "signal 9")
    assert "title.principals.tsv.gz, lines" in cluster.run("logs", job).stdout
    assert trouble["host"]


def test_a_frozen_worker_leaves_its_silence(new_cluster):
    cluster = new_cluster(workers=2).up()
    job = cluster.submit("selftest", "--set", "tasks=6", "--set", "sleep=1s")
    wait_until(lambda: sum(w["running"] for w in cluster.json("workers")) >= 2, "attempts run")
    victim = cluster.worker_pids()[0]
    os.kill(victim, signal.SIGSTOP)
    try:
        assert cluster.wait(job)["state"] == "DONE"
        check_everywhere(cluster, job, "LOST", "no heartbeat for")
    finally:
        os.kill(victim, signal.SIGKILL)


def test_a_task_that_fails_leaves_its_reason(new_cluster):
    cluster = new_cluster().up()
    job = cluster.submit("selftest", "--set", "tasks=5", "--set", "fail_at=3")
    assert cluster.wait(job)["state"] == "ERROR"
    trouble = check_everywhere(cluster, job, "FAILED", "the task was told to fail")
    assert (trouble["step"], trouble["chunk"]) == (0, 3)
    assert cluster.status(job)["attempts_detail"]["counts"]["FAILED"] == 4


def test_a_cancelled_job_has_its_attempts_revoked(new_cluster):
    cluster = new_cluster().up()
    job = cluster.submit("selftest", "--set", "tasks=4", "--set", "sleep=30s")
    wait_until(lambda: sum(w["running"] for w in cluster.json("workers")) >= 2, "attempts run")
    cluster.run("cancel", job)
    assert cluster.wait(job)["state"] == "CANCELLED"
    check_everywhere(cluster, job, "REVOKED", "the job has ended")


def test_attempts_of_a_running_job_outlive_the_coordinator(new_cluster):
    cluster = new_cluster().up()
    job = cluster.submit("selftest", "--set", "tasks=4", "--set", "sleep=4s")
    wait_until(lambda: sum(w["running"] for w in cluster.json("workers")) >= 2, "attempts run")
    victim = cluster.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: troubles(cluster.status(job), "LOST"), "the loss is known")
    url = f"{cluster.environment['OTJOB_COORDINATOR']}/api/jobs/{job}/attempts"
    # The answer waits until what is known is written.
    urllib.request.urlopen(url, timeout=30).close()
    restart(cluster)
    assert troubles(cluster.status(job), "LOST")[0]["pid"] == victim
    assert cluster.wait(job)["state"] == "DONE"
    assert troubles(cluster.status(job), "LOST")[0]["pid"] == victim


@pytest.mark.parametrize("task", ["", "3", "1/2/3", "a/b", "-1/2"])
def test_a_task_that_is_none_is_wrong_usage(otjob, tmp_path, task):
    cluster = Cluster(otjob, tmp_path)
    assert "--task STEP/CHUNK" in cluster.run("logs", "1", f"--task={task}", code=2).stderr


def test_what_a_worker_did_outlives_it(new_cluster, tmp_path):
    """Stages, counts and fields that did not convert are in the log of the task, safe to print."""
    data = tmp_path / "data"
    data.mkdir()
    rows = [[n, n] for n in range(1000)]
    rows[500][1] = "\x1b[2Jnone"
    write_gzip(data / "numbers.tsv.gz", tsv(["a", "b"], rows))
    job_path = job_file(tmp_path, "numbers", [column("a", "int32"), column("b", "int32")])
    cluster = new_cluster(workers=1).up()
    job = cluster.load(job_path, "--input", data)["id"]
    [killed] = cluster.worker_pids()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: cluster.worker_pids() not in ([], [killed]), "another worker", 30)
    restart(cluster)
    log = cluster.run("logs", job, "--task", "0/0").stdout
    # A worker of this machine reads its chunk where it lies: nothing is received.
    for stage in ("converted in", "encoded in", "hashed in", "sent in"):
        assert f"{stage} " in log
    assert "1000 rows, 0 rejected, 1 fields not converted" in log
    assert "peak memory" in log
    assert 'line 502, column b: "\\u{1B}[2Jnone" does not convert' in log
    assert "\x1b" not in log
    assert "report:" not in cluster.run("logs", job).stdout
