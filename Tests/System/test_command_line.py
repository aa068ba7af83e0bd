"""What scripts rely on: commands, their JSON, and their exit codes."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from harness import (
    CANCELLED,
    DONE,
    FAILED,
    UNREACHABLE,
    WRONG_USAGE,
    Cluster,
    loads,
    wait_until,
)

COMMANDS = (
    "up down coordinator worker submit list status watch cancel logs explain workers pools scale"
    " drain sample index tables schema query snapshots version"
).split()


@pytest.fixture(scope="module")
def loaded(shared_cluster, sample):
    """A cluster, and the status of the workflow that it has run."""
    status = shared_cluster.load("imdb", "--input", sample(0.0005))
    return shared_cluster, status


def test_list_has_the_job_without_its_steps(loaded):
    cluster, status = loaded
    [job] = [job for job in cluster.json("list") if job["id"] == status["id"]]
    assert "steps" not in job
    assert {key: job[key] for key in ("name", "state", "pool")} == {
        "name": "imdb",
        "state": "DONE",
        "pool": "zone-a",
    }
    assert "imdb" in cluster.run("list").stdout


def test_workers_and_pools_tell_what_the_configuration_asks_for(loaded):
    cluster, _ = loaded
    workers = cluster.json("workers")
    assert len(workers) == 2
    for worker in workers:
        assert set(worker) >= {"id", "pool", "host", "pid", "state", "slots", "running"}
        assert isinstance(worker["id"], str) and isinstance(worker["pid"], int)
        assert (worker["pool"], worker["state"], worker["running"]) == ("zone-a", "READY", 0)
    [pool] = cluster.json("pools")
    assert set(pool) >= {
        "name",
        "provider",
        "state",
        "workers",
        "min_workers",
        "max_workers",
        "reason",
    }
    assert (pool["name"], pool["provider"], pool["workers"]) == ("zone-a", "process", 2)
    assert (pool["min_workers"], pool["max_workers"]) == (1, 8)


def test_tables_and_snapshots_lead_back_to_the_job(loaded):
    cluster, status = loaded
    steps = {step["table"]: step for step in loads(status)}
    tables = {t["table"]: t for t in cluster.json("tables")}
    assert set(steps) <= set(tables)
    for name, step in steps.items():
        table = tables[name]
        assert (table["schema"], table["rows"], table["job"]) == ("ott", step["rows"], status["id"])
        assert table["files"] >= 1 and table["bytes"] > 0
    snapshots = cluster.json("snapshots")
    assert len(snapshots) >= len(steps)


def test_schema_names_every_column(loaded):
    cluster, _ = loaded
    told = cluster.run("schema", "title_akas").stdout
    for name in ("titleId", "ordering", "types", "isOriginalTitle"):
        assert name in told
    assert cluster.json("schema", "title_akas")
    assert "nowhere" in cluster.run("schema", "nowhere", code=None).stderr


def test_explain_is_the_plan_and_runs_nothing(loaded, sample):
    cluster, _ = loaded
    before = cluster.json("list")
    told = cluster.run("explain", "imdb", "--input", sample(0.0005)).stdout
    places = [told.index(table) for table in ("title_ratings", "title_principals")]
    assert places == sorted(places)
    assert "zone-a" in told
    assert cluster.json("list") == before


def test_logs_of_a_job_are_there(loaded):
    cluster, status = loaded
    assert cluster.run("logs", status["id"]).stdout


def test_up_again_says_so_and_changes_nothing(loaded):
    cluster, _ = loaded
    before = cluster.coordinator_pid(), sorted(cluster.worker_pids())
    cluster.up()
    assert (cluster.coordinator_pid(), sorted(cluster.worker_pids())) == before


def test_the_same_request_id_is_the_same_job(loaded):
    cluster, _ = loaded
    arguments = ("selftest", "--set", "tasks=1", "--request-id", "once-only")
    first, second = cluster.submit(*arguments), cluster.submit(*arguments)
    assert first == second
    assert [job["id"] for job in cluster.json("list")].count(first) == 1
    assert cluster.submit("selftest", "--set", "tasks=1") != first


def test_a_failed_job_ends_submit_with_1(loaded):
    cluster, _ = loaded
    fails = ("selftest", "--set", "tasks=10", "--set", "fail_at=7")
    status = cluster.json("submit", *fails, "--wait", code=FAILED)
    assert status["state"] == "ERROR" and status["reason"]


def test_cancel_ends_a_running_job_and_its_waiting_client_with_4(loaded):
    cluster, _ = loaded
    job = cluster.submit("selftest", "--set", "tasks=10000", "--set", "sleep=0.1s")
    wait_until(lambda: cluster.status(job)["state"] == "RUNNING", "start of the job")
    command = [cluster.otjob, "watch", job]
    client = subprocess.Popen(
        command, env=cluster.environment, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        cluster.run("cancel", job)
        assert cluster.wait(job, 20)["state"] == "CANCELLED"
        assert client.wait(20) == CANCELLED
    finally:
        client.kill()
        client.wait(10)
    busy = lambda: sum(worker["running"] for worker in cluster.json("workers"))
    wait_until(lambda: busy() == 0, "the workers to be free again", 20)


def test_pages_for_people_show_the_cluster_and_run_no_script_but_their_own(loaded):
    cluster, _ = loaded
    for path, shown in [("/", "zone-a"), ("/tables", "title_ratings")]:
        address = f"http://127.0.0.1:{cluster.http_port}{path}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            page = answer.read().decode()
            policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert re.findall("<script.*", page) == ['<script src="/dashboard.js" defer></script>']
        assert shown in page


def test_many_small_tasks_are_all_done(loaded):
    cluster, _ = loaded
    status = cluster.load("selftest", "--set", "tasks=5000")
    chunks = status["steps"][0]["chunks"]
    assert (chunks["total"], chunks["done"]) == (5000, 5000)


def test_flags_may_stand_behind_arguments_and_before_them(loaded, sample):
    cluster, _ = loaded
    path = sample(0.0005)
    for arguments in (["--input", path, "title_ratings"], ["title_ratings", "--input", path]):
        assert cluster.load(*arguments)["state"] == "DONE"


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["submit", "no_such_job"], "no_such_job"),
        (["submit"], ""),
        (["submit", "selftest", "--set", "colour=red"], "colour"),
        (["submit", "selftest", "--set", "tasks=many"], "tasks"),
        (["submit", "selftest", "--no-such-flag"], "--no-such-flag"),
        (["no_such_command"], "no_such_command"),
        (["status", "--json", "--nope"], "--nope"),
        (["up", "--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line_that_names_it(loaded, arguments, named):
    cluster, _ = loaded
    told = cluster.run(*arguments, code=WRONG_USAGE).stderr
    assert named in told
    assert len(told.strip().splitlines()) == 1


def test_an_unknown_job_number_is_told(loaded):
    cluster, _ = loaded
    told = cluster.run("status", "999999", code=None)
    assert told.returncode in (FAILED, WRONG_USAGE)
    assert "999999" in told.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(otjob, command):
    done = subprocess.run([otjob, command, "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == DONE
    assert command in done.stdout
    assert "\x1b[" not in done.stdout


def test_version_is_told_by_client_and_coordinator(loaded):
    cluster, _ = loaded
    assert re.search(r"\d+\.\d+", cluster.run("version").stdout)


def test_without_a_coordinator_commands_end_with_3(otjob, tmp_path):
    nobody = Cluster(otjob, tmp_path)
    for arguments in (["list"], ["status"], ["submit", "imdb"], ["workers"]):
        told = nobody.run(*arguments, code=UNREACHABLE).stderr
        assert f"127.0.0.1:{nobody.http_port}" in told


def test_down_without_a_cluster_ends_with_0(otjob, tmp_path):
    Cluster(otjob, tmp_path).down()


def test_down_ends_workers_of_a_dead_coordinator(otjob, tmp_path):
    cluster = Cluster(otjob, tmp_path).up()
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.down()


def test_after_down_and_up_jobs_and_tables_are_still_there(new_cluster, sample):
    cluster = new_cluster()
    status = cluster.load("title_ratings", "--input", sample(0.0005))
    cluster.down()
    cluster.up()
    assert cluster.status(status["id"])["steps"] == status["steps"]
    assert "title_ratings" in [table["table"] for table in cluster.json("tables")]


def test_scale_and_drain_change_the_number_of_workers(new_cluster):
    cluster = new_cluster(workers=1)
    cluster.run("scale", "zone-a", 3)
    wait_until(lambda: len(cluster.worker_pids()) == 3, "three workers", 30)
    cluster.run("scale", "zone-a", 1)
    wait_until(lambda: len(cluster.worker_pids()) == 1, "one worker", 30)
    [worker] = [w for w in cluster.json("workers") if w["state"] == "READY"]
    cluster.run("drain", worker["id"])
    gone = lambda: worker["pid"] not in cluster.processes()
    wait_until(gone, "end of the drained worker", 30)


def edit(cluster, old, new):
    text = cluster.config.read_text()
    assert old in text
    cluster.config.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "old, new, named",
    [
        ("cluster: test", "cluster: test\ncolour: red", "colour"),
        ("heartbeat: 500ms", "heartbeat: 500parsecs", "500parsecs"),
        ("provider: process", "provider: magic", "magic"),
        ("min_workers: 1,", "min_workers: 1, mim_workers: 2,", "mim_workers"),
        ("pools:", "pools: [", ""),
    ],
)
def test_a_wrong_configuration_is_refused_with_line_and_column(otjob, tmp_path, old, new, named):
    cluster = Cluster(otjob, tmp_path)
    edit(cluster, old, new)
    told = cluster.run("up", "--config", cluster.config, code=None)
    assert told.returncode not in (DONE, None)
    assert "cluster.yaml" in told.stderr and named in told.stderr
    assert re.search(r"\d+:\d+|line \d+", told.stderr), told.stderr
    assert not cluster.processes()


@pytest.mark.parametrize("which", ["worker_port", "http_port"])
def test_a_port_that_is_taken_is_named(otjob, tmp_path, which):
    cluster = Cluster(otjob, tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", getattr(cluster, which)))
        listener.listen()
        begin = time.monotonic()
        told = cluster.run("up", "--config", cluster.config, code=None, timeout=60)
        assert told.returncode not in (DONE, None)
        assert str(getattr(cluster, which)) in told.stderr
        assert time.monotonic() - begin < 30
    cluster.down()


def test_the_ports_of_another_cluster_are_not_taken_for_ones_own(loaded, otjob, tmp_path):
    other, _ = loaded
    cluster = Cluster(otjob, tmp_path)
    edit(cluster, f"127.0.0.1:{cluster.http_port}", f"127.0.0.1:{other.http_port}")
    told = cluster.run("up", "--config", cluster.config, code=None, timeout=60)
    assert told.returncode not in (DONE, None)
    assert str(other.http_port) in told.stderr
    other.run("workers")


def test_a_folder_that_cannot_be_made_is_named(otjob, tmp_path):
    cluster = Cluster(otjob, tmp_path)
    (tmp_path / "a-file").write_text("in the way")
    edit(cluster, f"state: {cluster.state}", f"state: {tmp_path}/a-file/state")
    told = cluster.run("up", "--config", cluster.config, code=None)
    assert told.returncode not in (DONE, None)
    assert "a-file" in told.stderr
    assert not cluster.processes()


def test_an_address_off_loopback_is_refused_without_tls(otjob, tmp_path):
    cluster = Cluster(otjob, tmp_path)
    edit(cluster, f'workers: "127.0.0.1:{cluster.worker_port}"', 'workers: "0.0.0.0:7077"')
    told = cluster.run("up", "--config", cluster.config, code=None)
    assert told.returncode not in (DONE, None)
    assert "0.0.0.0" in told.stderr
    assert not cluster.processes()
