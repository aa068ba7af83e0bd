"""Pools whose workers are started and stopped by commands: whatever happens, nothing is left running."""

import os
import signal
import subprocess
import time

import pytest

from harness import FAILED, WRONG_USAGE, process_pool, wait_until

START = """#!/bin/sh
# start NAME COORDINATOR POOL: starts one worker, as a cloud's program would start a machine.
cd {folder} || exit 1
if [ -e fail-start ]; then
    echo "start $1" >> calls
    echo "asking for a machine" && echo "no capacity in this zone" >&2
    exit 3
fi
cat > "$1.token"
if [ -s "$1.token" ]; then identity="--token-file $1.token --identity $1.identity"; fi
sleep=$(cat delay 2>&1) || sleep=0
setsid -f sh -c 'sleep $0; exec "$@"' "$sleep" {otjob} worker --coordinator "$2" --pool "$3" \
    --slots 1 --name "$1" $identity > "$1.log" 2>&1
# Told last: who has read it may kill this script, and the worker is there nevertheless.
echo "start $1" >> calls
"""

STOP = """#!/bin/sh
# stop NAME: ends it with its process group, and is content when it runs no more.
cd {folder} && echo "stop $1" >> calls
if [ -e fail-stop ]; then
    echo "the cloud does not answer" >&2
    exit 4
fi
for process in /proc/[0-9]*; do
    if tr '\\0' ' ' < $process/cmdline 2>&1 | grep -q -- "--name $1 "; then
        kill -- "-${{process#/proc/}}"
    fi
done
exit 0
"""


class Cloud:
    """Two scripts that stand for a cloud's program, and what they were called with."""

    def __init__(self, otjob, folder):
        self.folder = folder
        folder.mkdir()
        for name, text in (("start", START), ("stop", STOP)):
            (folder / name).write_text(text.format(folder=folder, otjob=otjob))
            (folder / name).chmod(0o755)

    def pool(self, name="cloud", *, min_workers=1, acquire_timeout="30s", more=""):
        return (
            f"{{name: {name}, provider: command, min_workers: {min_workers}, max_workers: 4,"
            f" acquire_timeout: {acquire_timeout},"
            f" start: [{self.folder}/start, '{{name}}', '{{coordinator}}', '{{pool}}'],"
            f" stop: [{self.folder}/stop, '{{name}}'], command_timeout: 10s{more}}}"
        )

    def set(self, switch, text=""):
        (self.folder / switch).write_text(text)

    def unset(self, switch):
        (self.folder / switch).unlink()

    def calls(self, what):
        """The names that a script was called with, in order."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split()[1] for line in lines if line.startswith(what)]

    def assert_all_stopped(self):
        assert self.calls("start")
        assert set(self.calls("start")) == set(self.calls("stop"))


@pytest.fixture
def cloud(otjob, tmp_path):
    return Cloud(otjob, tmp_path / "cloud")


def pool_of(cluster, name):
    [pool] = [pool for pool in cluster.json("pools") if pool["name"] == name]
    return pool


def recorded(cluster):
    return sorted(path.name for path in (cluster.state / "started").iterdir())


def ready_workers(cluster):
    return [worker for worker in cluster.json("workers") if worker["state"] == "READY"]


def test_workers_are_started_for_a_job_and_stopped_with_the_cluster(new_cluster, sample, cloud):
    cluster = new_cluster(pools=[cloud.pool(min_workers=2)])
    assert cloud.calls("start") == []
    status = cluster.load("title_ratings", "--input", sample(0.0005))
    assert status["pool"] == "cloud"
    started = cloud.calls("start")
    assert len(started) == 2
    assert sorted(worker["name"] for worker in ready_workers(cluster)) == sorted(started)
    assert recorded(cluster) == sorted(started)
    assert pool_of(cluster, "cloud")["provider"] == "command"
    cluster.run("down", "--config", cluster.config)
    cloud.assert_all_stopped()
    assert recorded(cluster) == []


def test_a_pool_that_cannot_be_started_is_left_with_its_reason_and_nothing_of_it_runs(
    new_cluster, sample, cloud
):
    cloud.set("fail-start")
    cluster = new_cluster(pools=[cloud.pool(acquire_timeout="2s"), process_pool("local", 1)])
    job = cluster.submit("title_ratings", "--input", sample(0.0005))
    status = cluster.wait(job)
    assert (status["state"], status["pool"]) == ("DONE", "local")
    pool = pool_of(cluster, "cloud")
    assert pool["state"] == "EXHAUSTED"
    assert "exit code 3: asking for a machine; no capacity in this zone" in pool["reason"]
    wait_until(lambda: recorded(cluster) == [], "the stop of what was started", 30)
    cloud.assert_all_stopped()


def test_a_pool_that_falls_short_keeps_none_of_its_workers(new_cluster, sample, cloud):
    cluster = new_cluster(
        pools=[cloud.pool(min_workers=2, acquire_timeout="4s"), process_pool("local", 1)]
    )
    cloud.set("delay", "1")
    job = cluster.submit("selftest", "--set", "tasks=40", "--set", "sleep=0.2s")
    wait_until(lambda: len(cloud.calls("start")) == 2, "two starts", 20)
    # From now on there is no more room in the zone; one of the two is lost before it joins.
    cloud.set("fail-start")
    lost = cloud.calls("start")[0]
    subprocess.run([cloud.folder / "stop", lost], check=True)
    status = cluster.wait(job)
    assert (status["state"], status["pool"]) == ("DONE", "local")
    wait_until(lambda: recorded(cluster) == [], "the stop of the other one", 30)
    cloud.assert_all_stopped()
    assert pool_of(cluster, "cloud")["workers"] == 0


@pytest.mark.parametrize("delay", ["0", "2"])
def test_down_stops_what_a_dead_coordinator_had_started(new_cluster, cloud, delay):
    cluster = new_cluster(pools=[cloud.pool(min_workers=2)])
    cloud.set("delay", delay)
    cluster.submit("selftest", "--set", "tasks=1000", "--set", "sleep=0.1s")
    wait_until(lambda: len(cloud.calls("start")) == 2, "two starts", 20)
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    assert len(recorded(cluster)) == 2
    cluster.run("down", "--config", cluster.config)
    cloud.assert_all_stopped()
    assert recorded(cluster) == []
    wait_until(lambda: cluster.processes() == [], "the end of all processes", 10)


def test_a_coordinator_that_comes_back_takes_in_what_the_dead_one_had_started(new_cluster, cloud):
    cluster = new_cluster(pools=[cloud.pool(min_workers=2)])
    cloud.set("delay", "2")
    job = cluster.submit("selftest", "--set", "tasks=20", "--set", "sleep=0.2s")
    wait_until(lambda: len(cloud.calls("start")) == 2, "two starts", 20)
    first = set(cloud.calls("start"))
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    assert cluster.wait(job)["state"] == "DONE"
    # Whatever else was started in between is surplus once these have joined.
    wait_until(lambda: len(recorded(cluster)) == 2, "the stop of the surplus", 30)
    assert first <= set(cloud.calls("start"))
    cluster.run("down", "--config", cluster.config)
    cloud.assert_all_stopped()


def test_scaling_starts_and_stops_workers_elsewhere(new_cluster, cloud):
    cluster = new_cluster(pools=[cloud.pool()])
    cluster.run("scale", "cloud", 3)
    wait_until(lambda: len(ready_workers(cluster)) == 3, "three workers", 30)
    cluster.run("scale", "cloud", 1)
    wait_until(lambda: len(cloud.calls("stop")) == 2, "two stops", 30)
    wait_until(lambda: len(recorded(cluster)) == 1, "the end of two workers", 30)
    [worker] = ready_workers(cluster)
    assert worker["name"] not in cloud.calls("stop")


def test_scaling_down_takes_back_starts_that_nobody_has_joined_of(new_cluster, cloud):
    cluster = new_cluster(pools=[cloud.pool()])
    cloud.set("delay", "3600")
    cluster.run("scale", "cloud", 3)
    wait_until(lambda: len(cloud.calls("start")) == 3, "three starts", 30)
    cluster.run("scale", "cloud", 0)
    wait_until(lambda: recorded(cluster) == [], "three stops", 30)
    cloud.assert_all_stopped()


def test_what_cannot_be_stopped_is_told_and_tried_again(new_cluster, cloud):
    cluster = new_cluster(pools=[cloud.pool()])
    cluster.run("scale", "cloud", 1)
    [worker] = wait_until(lambda: ready_workers(cluster), "a worker", 30)
    cloud.set("fail-stop")
    cluster.run("scale", "cloud", 0)
    told = f"could not stop {worker['name']}: {cloud.folder}/stop: exit code 4"
    told += ": the cloud does not answer"
    wait_until(lambda: told in (pool_of(cluster, "cloud")["reason"] or ""), "the reason", 30)
    cloud.unset("fail-stop")
    wait_until(lambda: recorded(cluster) == [], "another try", 30)
    assert "could not stop" not in (pool_of(cluster, "cloud")["reason"] or "")


def test_down_says_what_it_could_not_stop(new_cluster, cloud):
    cluster = new_cluster(pools=[cloud.pool()])
    cluster.run("scale", "cloud", 1)
    [worker] = wait_until(lambda: ready_workers(cluster), "a worker", 30)
    cloud.set("fail-stop")
    done = cluster.run("down", "--config", cluster.config, code=FAILED)
    assert f"{worker['name']}: {cloud.folder}/stop: exit code 4" in done.stderr
    assert f"stop it by hand: {cloud.folder}/stop {worker['name']}" in done.stderr
    assert recorded(cluster) == [worker["name"]]
    cloud.unset("fail-stop")
    cluster.run("down", "--config", cluster.config)
    assert recorded(cluster) == []


def test_a_command_that_hangs_is_ended_and_counts_as_a_failed_start(new_cluster, cloud):
    (cloud.folder / "start").write_text(
        f"#!/bin/sh\necho start $1 >> {cloud.folder}/calls\necho asking\nexec sleep 3600\n"
    )
    pool = cloud.pool().replace("command_timeout: 10s", "command_timeout: 1s")
    cluster = new_cluster(pools=[pool])
    cluster.run("scale", "cloud", 1)
    log = cluster.state / "coordinator.log"
    told = f"pool cloud: {cloud.folder}/start did not end within 1.0 s: asking"
    wait_until(lambda: told in log.read_text(), "the end of the command", 30)
    wait_until(lambda: cloud.calls("stop"), "its stop", 30)


@pytest.mark.parametrize(
    "name, told",
    [
        ([], "say as what: --name"),
        (["--name", "test-1-99"], "no worker test-1-99 of pool cloud was started"),
    ],
)
def test_a_worker_that_was_not_started_by_the_command_is_refused(new_cluster, cloud, name, told):
    cluster = new_cluster(pools=[cloud.pool()])
    command = ["worker", "--coordinator", f"127.0.0.1:{cluster.worker_port}", "--pool", "cloud"]
    done = cluster.run(*command, *name, code=WRONG_USAGE)
    assert told in done.stderr


def test_a_worker_that_is_lost_is_replaced_and_stopped(new_cluster, cloud):
    cluster = new_cluster(pools=[cloud.pool()])
    cluster.run("scale", "cloud", 1)
    [worker] = wait_until(lambda: ready_workers(cluster), "a worker", 30)
    os.kill(worker["pid"], signal.SIGSTOP)
    try:
        # Silent for longer than lost_after (5 s).
        wait_until(lambda: worker["name"] in cloud.calls("stop"), "its stop", 30)
    finally:
        os.kill(worker["pid"], signal.SIGCONT)
    wait_until(
        lambda: [w for w in ready_workers(cluster) if w["name"] != worker["name"]],
        "its replacement",
        30,
    )
    time.sleep(0.5)
    assert len(ready_workers(cluster)) == 1
