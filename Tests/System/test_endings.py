"""How jobs and clusters end and begin again: cancelled, stopped, killed, on disks that do not take it."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from harness import (
    DONE,
    ENDED,
    FAILED,
    WRONG_USAGE,
    Cluster,
    loads,
    process_pool,
    wait_until,
)
from lake import Lake


def spool_files(cluster):
    return sorted(path.name for path in (cluster.state / "spool").iterdir())


def descriptors(pid):
    """What the process has open, by the names in /proc/PID/fd."""
    names = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(os.readlink(entry))
        except OSError:
            continue  # Closed since the folder was listed.
    return names


@pytest.mark.parametrize("moment", [0, 0.05, 0.2, 0.5, 1, 1.5])
def test_a_job_can_be_cancelled_at_any_moment_and_leaves_nothing(
    new_cluster, sample, moment
):
    cluster = new_cluster(chunk="64KiB")
    before = set(cluster.worker_pids())
    job = cluster.submit("imdb", "--input", sample(0.01))
    time.sleep(moment)
    cluster.run("cancel", job, code=None)
    status = cluster.wait(job, 30)
    assert status["state"] in ("CANCELLED", "DONE")
    assert status["ended"]
    published = {s["table"] for s in loads(status) if s["state"] == "DONE"}
    seen = {t["table"] for t in cluster.json("tables") if not t["table"].endswith("_rejects")}
    seen -= {"data_quality"}  # which loads write beside their tables
    assert seen == published
    pid = cluster.coordinator_pid()
    wait_until(
        lambda: not spool_files(cluster) and not any("/spool/" in name for name in descriptors(pid)),
        "an empty spool",
        10,
    )
    # A cancelled job costs no worker its connection.
    assert set(cluster.worker_pids()) == before
    cluster.load("title_ratings", "--input", sample(0.0005))


def test_a_cancel_while_a_job_is_taken_up_again_is_not_lost(cluster):
    job = cluster.submit("selftest", "--set", "tasks=1", "--set", "fail_at=0")
    assert cluster.wait(job)["state"] == "ERROR"
    # What was published of it cannot be asked for yet.
    holder = sqlite3.connect(cluster.catalog, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    retry = threading.Thread(target=cluster.run, args=("retry", job))
    retry.start()
    try:
        wait_until(lambda: cluster.status(job)["state"] == "PENDING", "the retry", 30)
        assert "has not ended" in cluster.run("retry", job, code=WRONG_USAGE).stderr
        cluster.run("cancel", job, code=None)
    finally:
        holder.execute("COMMIT")
        holder.close()
        retry.join()
    assert cluster.wait(job)["state"] == "CANCELLED"


def test_a_cancel_of_an_ended_job_changes_nothing(shared_cluster):
    status = shared_cluster.load("selftest", "--set", "tasks=1")
    shared_cluster.run("cancel", status["id"], code=None)
    assert shared_cluster.status(status["id"]) == status


def request(cluster, method, path, body=None):
    """The HTTP status of an answer and its JSON."""
    call = urllib.request.Request(
        f"http://127.0.0.1:{cluster.http_port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(call, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/api/jobs/999999", None, 404),
        ("GET", "/api/jobs/x", None, 404),
        ("GET", "/api/jobs/999999/events", None, 404),
        ("GET", "/api/jobs/999999/logs", None, 404),
        ("POST", "/api/jobs/999999/cancel", {}, 404),
        ("POST", "/api/workers/999/drain", {}, 404),
        ("POST", "/api/pools/nowhere/scale", {"workers": 1}, 404),
        ("POST", "/api/pools/zone-a/scale", {"workers": 99}, 400),
        ("POST", "/api/pools/zone-a/scale", {"workers": -1}, 400),
        ("POST", "/api/pools/zone-a/scale", {}, 400),
        ("POST", "/api/jobs", {}, 400),
        ("POST", "/api/jobs", {"jobs": ["nonsense"], "files": [], "set": {}}, 400),
        ("GET", "/api/tables/a/b", None, 404),
    ],
)
def test_wrong_requests_are_refused_with_a_reason(shared_cluster, method, path, body, code):
    status, answer = request(shared_cluster, method, path, body)
    assert status == code, answer
    assert answer["error"]["message"]


def sockets(pid):
    return sum(name.startswith("socket:") for name in descriptors(pid))


def test_watchers_that_leave_are_forgotten(new_cluster):
    cluster = new_cluster()
    job = cluster.submit("selftest", "--set", "tasks=2000", "--set", "sleep=20ms")
    pid = cluster.coordinator_pid()
    before = sockets(pid)
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", cluster.http_port), 10)
        path = f"/api/jobs/{job}/events"
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.close()
    wait_until(lambda: sockets(pid) <= before + 2, "the end of 50 watches", 10)
    cluster.run("cancel", job, code=None)


def test_a_killed_coordinator_keeps_what_is_known_of_published_steps(new_cluster, sample):
    cluster = new_cluster(chunk="64KiB")
    job = cluster.submit("imdb", "--input", sample(0.01))

    def some_done():
        status = cluster.status(job)
        assert status["state"] not in ENDED, "too soon"
        return [s for s in loads(status) if s["state"] == "DONE"] and status

    before = wait_until(some_done, "a published step")
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    start = time.monotonic()
    cluster.up()
    assert time.monotonic() - start < 5
    after = cluster.status(job)
    for key in ("id", "name", "created", "started"):
        assert after[key] == before[key]
    published = {s["table"]: s for s in loads(before) if s["state"] == "DONE"}
    restored = {s["table"]: s for s in after["steps"] if s["table"] in published}
    for table, step in published.items():
        for key in ("state", "rows", "rejected", "chunks", "attempts", "bytes_in", "bytes_out"):
            assert restored[table][key] == step[key], (table, key)
    assert cluster.wait(job)["state"] == "DONE"
    versions = [s["message"] for s in cluster.json("snapshots") if s["job"] == job]
    assert len(versions) == len(set(versions)) == 7


def test_a_new_coordinator_takes_over_the_workers_of_every_pool(new_cluster):
    cluster = new_cluster(pools=[process_pool("one", 1), process_pool("two", 2)])

    def pools():
        ready = [w for w in cluster.json("workers") if w["state"] == "READY"]
        return sorted((w["pool"], w["pid"]) for w in ready)

    before = wait_until(lambda: len(p := pools()) == 3 and p, "all workers")
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    wait_until(lambda: len(pools()) >= 3, "the workers' return", 20)
    time.sleep(1)  # for those that would be started beside them
    assert pools() == before


def test_what_a_dead_coordinator_left_in_the_store_is_swept_and_nothing_else(
    new_cluster, sample
):
    cluster = new_cluster()
    cluster.load("title_ratings", "--input", sample(0.0005))
    named = [path for path in cluster.store.rglob("*.parquet")]
    assert named
    folder = named[0].parent
    store = named[0].name.split("-")[0]
    left = [folder / f"{store}-77-0-1-0.parquet", folder / f".{store}-77-0-1-1.parquet.tmp"]
    others = [folder / name for name in ("ducklake-77.parquet", "77-0-1-0.parquet", "notes.txt")]
    young = folder / f"{store}-78-0-1-0.parquet"
    for path in [*left, *others, young]:
        path.write_bytes(b"x")
    cluster.down()
    old = time.time() - 2 * 3600
    for path in [*named, *left, *others]:
        os.utime(path, (old, old))
    cluster.up()
    wait_until(lambda: not any(path.exists() for path in left), "the sweep", 10)
    assert all(path.exists() for path in [*named, *others, young])
    with Lake(cluster.catalog) as lake:
        assert lake.fingerprint("title_ratings")


def test_a_reader_that_holds_the_catalog_up_delays_a_load_and_no_more(new_cluster, sample):
    cluster = new_cluster()
    cluster.load("title_ratings", "--input", sample(0.0005))
    reader = sqlite3.connect(cluster.catalog, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM ducklake_snapshot").fetchone()
    job = cluster.submit("title_ratings", "--input", sample(0.0005))
    # Longer than one attempt to commit waits.
    time.sleep(33)
    assert cluster.status(job)["state"] == "RUNNING"
    reader.execute("COMMIT")
    assert cluster.wait(job)["state"] == "DONE"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_cluster_and_its_jobs_go_on_later(new_cluster, sample, number):
    cluster = new_cluster(chunk="64KiB")
    job = cluster.submit("imdb", "--input", sample(0.01))
    wait_until(lambda: cluster.status(job)["state"] == "RUNNING", "the job's start")
    pid = cluster.coordinator_pid()
    os.kill(pid, number)
    os.kill(pid, number)
    wait_until(lambda: not cluster.processes(), "the end of all processes", 10)
    assert not (cluster.state / "coordinator.pid").exists()
    assert not list((cluster.state / "workers").iterdir())
    cluster.up()
    assert cluster.wait(job)["state"] == "DONE"


def test_down_in_the_middle_of_a_job_leaves_it_to_the_next_up(new_cluster, sample):
    cluster = new_cluster(chunk="64KiB")
    job = cluster.submit("imdb", "--input", sample(0.01))
    for _ in range(3):
        time.sleep(0.4)
        cluster.down()
        cluster.up()
    assert cluster.wait(job)["state"] == "DONE"


def coordinator(cluster):
    """Runs a coordinator in the foreground that is expected to end at once."""
    return subprocess.run(
        [cluster.otjob, "coordinator", "--config", cluster.config],
        env=cluster.environment,
        cwd=cluster.folder,
        capture_output=True,
        text=True,
        timeout=20,
    )


@pytest.mark.parametrize("port", ["worker_port", "http_port"])
def test_a_taken_port_is_named(otjob, tmp_path, port):
    cluster = Cluster(otjob, tmp_path / "c")
    with socket.socket() as other:
        other.bind(("127.0.0.1", getattr(cluster, port)))
        other.listen()
        done = coordinator(cluster)
    assert done.returncode == FAILED
    [line] = done.stderr.splitlines()
    assert str(getattr(cluster, port)) in line and "taken" in line


@pytest.mark.parametrize("part", ["state", "store"])
def test_a_folder_that_is_a_file_is_named(otjob, tmp_path, part):
    cluster = Cluster(otjob, tmp_path / "c")
    getattr(cluster, part).write_text("no folder")
    done = coordinator(cluster)
    assert done.returncode == FAILED
    [line] = done.stderr.splitlines()
    assert str(getattr(cluster, part)) in line


@pytest.mark.parametrize("name", ["state/jobs.sqlite", "store/catalog.sqlite"])
def test_a_database_that_is_none_is_named(otjob, tmp_path, name):
    cluster = Cluster(otjob, tmp_path / "c")
    path = cluster.folder / name
    path.parent.mkdir(parents=True)
    path.write_text("no database " * 1000)
    done = coordinator(cluster)
    assert done.returncode == FAILED
    [line] = done.stderr.splitlines()
    assert str(path) in line


def test_a_second_coordinator_on_the_same_state_ends(new_cluster):
    cluster = new_cluster()
    done = coordinator(cluster)
    assert done.returncode == FAILED
    [line] = done.stderr.splitlines()
    assert "otjob down" in line
    assert cluster.load("selftest", "--set", "tasks=3")


def can_mount(folder):
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


def fill(path, spare):
    """Fills the file system of `path` with it, but for some bytes."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    size = 0
    try:
        while True:
            size += os.write(descriptor, bytes(4096))
    except OSError:
        os.truncate(descriptor, max(0, size - spare))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("part", ["state", "store"])
def test_a_job_too_large_for_the_disk_fails_and_the_next_one_works(
    otjob, tmp_path, sample, part
):
    cluster = Cluster(otjob, tmp_path / "c", chunk="256KiB")
    text = cluster.config.read_text()
    cluster.config.write_text(text.replace("lost_after: 5s", "lost_after: 5s, queue_timeout: 5s"))
    folder = getattr(cluster, part)
    folder.mkdir()
    if not can_mount(folder):
        pytest.skip("mounting is not permitted here")
    try:
        cluster.up()
        filler = folder / "filler"
        fill(filler, spare=96 << 10)
        done = cluster.run("submit", "title_akas", "--input", sample(0.01), "--json", code=None)
        if done.returncode == DONE:
            job = json.loads(done.stdout)["id"]
            wait_until(
                lambda: any(
                    "space" in text.lower() or "full" in text.lower()
                    for text in [cluster.status(job)["reason"] or "", cluster.run("logs", job).stdout]
                ),
                "news of the full disk",
                30,
            )
        filler.unlink()
        if done.returncode == DONE:
            status = cluster.wait(job, 60)
            assert status["state"] == "ERROR"
            assert "full" in status["reason"]
        cluster.load("title_ratings", "--input", sample(0.0005))
        cluster.down()
    finally:
        for pid in cluster.processes():
            os.kill(pid, signal.SIGKILL)
        subprocess.run(["umount", "-l", str(folder)], check=False)
