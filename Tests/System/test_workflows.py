"""A workflow does what has changed, and nothing twice."""

import json
import os
import shutil
import signal
import time

import pytest

from bad_server import BadServer
from harness import column, job_file, tsv, wait_until, write_gzip
from lake import Lake

NAMES = ("small", "large")


@pytest.fixture
def server():
    server = BadServer()
    yield server
    server.stop()


def write_jobs(folder):
    folder.mkdir()
    for name in NAMES:
        job_file(folder, name, [column("id", "int64", required=True)])
    return folder


def workflow(folder, steps, name="daily"):
    (folder / f"{name}.yaml").write_text(json.dumps({"workflow": name, "steps": steps}))


def rows(count, first=0):
    return tsv(["id"], [[n] for n in range(first, first + count)])


@pytest.fixture
def daily(new_cluster, server, tmp_path):
    """A cluster with a workflow that ingests two files from the server and loads them."""
    jobs = write_jobs(tmp_path / "jobs")
    sources = [{"dataset": n, "url": server.url(f"{n}.tsv.gz")} for n in NAMES]
    (tmp_path / "sources.yaml").write_text(json.dumps({"sources": sources}))
    workflow(
        jobs,
        [
            # In the wrong order, which does not matter.
            {"step": "tables", "load": ["large", "small"], "needs": ["ingest"], "when": "changed"},
            {
                "step": "ingest",
                "ingest": list(NAMES),
                "retries": 1,
                "retry_delay": "50ms",
                "timeout": "1m",
            },
        ],
    )
    serve(server, tmp_path, small=rows(10), large=rows(5000))
    return new_cluster(
        jobs=jobs,
        more=[
            f"sources: [{tmp_path}/sources.yaml]",
            f'downloads: {{insecure_hosts: ["{server.authority}"], retry_delay: 10ms, tries: 2}}',
        ],
    )


def serve(server, folder, **texts):
    for name, text in texts.items():
        path = write_gzip(folder / f"{name}.tsv.gz", text)
        server.page(f"{name}.tsv.gz", path.read_bytes())


def states(status):
    return {step["job"]: step["state"] for step in status["steps"]}


def count(cluster, table):
    with Lake(cluster.catalog) as lake:
        return lake.value(f"SELECT count(*) FROM lake.ott.{table}")


ALL = {"ingest_small": "DONE", "ingest_large": "DONE", "small": "DONE", "large": "DONE"}


def test_a_run_does_what_has_changed_since_the_last(daily, server, tmp_path):
    status = daily.load("daily")
    assert states(status) == ALL
    # The smallest first, although its name stands last.
    assert [step["job"] for step in status["steps"]][2:] == ["small", "large"]
    versions = len(daily.json("snapshots"))

    began = time.monotonic()
    status = daily.load("daily")
    assert states(status) == ALL | {"small": "SKIPPED", "large": "SKIPPED"}
    assert time.monotonic() - began < 30
    changes = [s["message"] for s in daily.json("snapshots")[versions:]]
    assert len(changes) == 2 and all("ingest of" in text for text in changes)

    serve(server, tmp_path, small=rows(20))
    assert states(daily.load("daily")) == ALL | {"large": "SKIPPED"}
    assert (count(daily, "small"), count(daily, "large")) == (20, 5000)

    assert states(daily.load("daily", "--force")) == ALL
    # A table by itself is always loaded.
    assert states(daily.load("small")) == {"small": "DONE"}


def test_a_change_that_was_ingested_and_not_loaded_is_loaded_the_next_time(
    daily, server, tmp_path
):
    daily.load("daily")
    serve(server, tmp_path, large=rows(10) + "no number of columns\tat all\n" * 2000)
    reason = daily.failure("daily")
    assert "rejected" in reason
    assert count(daily, "large") == 5000
    serve(server, tmp_path, small=rows(11))
    assert "rejected" in daily.failure("daily")
    serve(server, tmp_path, large=rows(6000))
    # Small may have been published by the run before, though that failed.
    assert states(daily.load("daily"))["large"] == "DONE"
    assert states(daily.load("daily")) == ALL | {"small": "SKIPPED", "large": "SKIPPED"}
    assert (count(daily, "small"), count(daily, "large")) == (11, 6000)


def test_a_failed_run_goes_on_and_what_it_did_stays(daily, server, tmp_path):
    ingest = {"step": "ingest", "ingest": list(NAMES)}
    first = {"step": "first", "load": ["small"], "needs": ["ingest"]}
    then = {"step": "then", "load": ["large"], "needs": ["ingest", "first"]}
    workflow(tmp_path, [ingest, first, then])
    serve(server, tmp_path, large="id\n1\t2\n" * 2000)
    job = daily.submit(tmp_path / "daily.yaml")
    assert daily.wait(job)["state"] == "ERROR"
    assert count(daily, "small") == 10
    version = next(s for s in daily.status(job)["steps"] if s["job"] == "small")["snapshot"]
    serve(server, tmp_path, large=rows(7))
    status = daily.json("retry", job, "--wait")
    assert (status["id"], status["state"], status["reason"]) == (job, "DONE", None)
    assert states(status) == ALL
    small = next(s for s in status["steps"] if s["job"] == "small")
    assert (small["snapshot"], small["rows"]) == (version, 10)
    assert count(daily, "large") == 7
    assert "did not fail" in daily.run("retry", job, code=2).stderr
    assert "no job" in daily.run("retry", "999", code=2).stderr


def test_a_source_that_fails_is_tried_again_and_then_named(daily, server):
    page = server.page("large.tsv.gz", b"", status=503)
    reason = daily.failure("daily")
    assert reason.startswith("large: ") and "503" in reason and reason.endswith("(2 tries)")
    # Two tries of the step, of two requests each.
    assert len(page.requests) == 4


def test_kill_9_in_mid_workflow_loses_nothing(daily, server):
    for name in NAMES:
        server.pages[f"/{name}.tsv.gz"].delay = 0.2
    job = daily.submit("daily")
    for _ in range(3):
        time.sleep(0.3)
        os.kill(daily.coordinator_pid(), signal.SIGKILL)
        daily.up()
    assert daily.wait(job)["state"] == "DONE"
    assert (count(daily, "small"), count(daily, "large")) == (10, 5000)
    messages = [s["message"] for s in daily.json("snapshots")]
    assert [messages.count(f"job {job}: {name}") for name in NAMES] == [1, 1]


def test_with_input_the_files_are_read_in_place(daily, tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for name in NAMES:
        write_gzip(folder / f"{name}.tsv.gz", rows(50))
    loaded, skipped = ({n: state for n in NAMES} for state in ("DONE", "SKIPPED"))
    assert states(daily.load("daily", "--input", folder)) == loaded
    assert states(daily.load("daily", "--input", folder)) == skipped
    assert not list((daily.folder / "raw").glob("*.gz"))
    # Touched, copied and renamed, the bytes tell.
    os.utime(folder / "small.tsv.gz")
    shutil.copy(folder / "large.tsv.gz", folder / "copy")
    os.replace(folder / "copy", folder / "large.tsv.gz")
    assert states(daily.load("daily", "--input", folder)) == skipped
    write_gzip(folder / "small.tsv.gz", rows(50, first=1))
    assert states(daily.load("daily", "--input", folder)) == skipped | {"small": "DONE"}
    # Elsewhere lie others.
    other = shutil.copytree(folder, tmp_path / "other")
    write_gzip(other / "large.tsv.gz", rows(51))
    assert states(daily.load("daily", "--input", other))["large"] == "DONE"


def test_another_declaration_makes_another_table(new_cluster, tmp_path):
    jobs = write_jobs(tmp_path / "jobs")
    workflow(jobs, [{"step": "tables", "load": ["small"], "when": "changed"}])
    cluster = new_cluster(jobs=jobs)
    folder = tmp_path / "input"
    folder.mkdir()
    write_gzip(folder / "small.tsv.gz", rows(5))
    assert states(cluster.load("daily", "--input", folder)) == {"small": "DONE"}
    cluster.down()
    job_file(jobs, "small", [column("id", "string", required=True)])
    cluster.up()
    assert states(cluster.load("daily", "--input", folder)) == {"small": "DONE"}


def test_explain_draws_the_plan(daily):
    plan = daily.json("explain", "daily")
    assert [step["job"] for step in plan["steps"]] == ["ingest_small", "ingest_large", *NAMES[::-1]]
    text = daily.run("explain", "daily").stdout
    assert "ingest_small" in text and "1-2" in text and "changed" in text


STEP = {"step": "a", "load": ["small"]}
WRONG = {
    "a cycle": ([STEP | {"needs": ["b"]}, STEP | {"step": "b", "needs": ["a"]}], "need each other"),
    "itself": ([STEP | {"needs": ["a"]}], "need each other"),
    "an unknown step": ([STEP | {"needs": ["c"]}], "'c', which is no step"),
    "a missing job": ([STEP | {"load": ["smal"]}], "did you mean 'small'"),
    "a missing dataset": ([{"step": "a", "ingest": ["title_aka"]}], "title_akas"),
    "a missing view": ([{"step": "a", "views": ["nonsense"]}], "no view is named"),
    "two steps of one name": ([STEP, STEP], "two steps are named"),
    "a step that does nothing": ([{"step": "a"}], "must have one of"),
    "no steps": ([], "at least one step"),
    "an unknown word": ([STEP | {"when": "often"}], "always or changed"),
    "retries of a load": ([STEP | {"retries": 3}], "scheduler.max_attempts"),
    "a class of sizes too few": ([STEP | {"timeout": {"small": "1s"}}], "'medium' is missing"),
}


@pytest.mark.parametrize("steps, reason", WRONG.values(), ids=WRONG.keys())
def test_a_workflow_that_cannot_be_is_refused_with_its_place(daily, tmp_path, steps, reason):
    workflow(tmp_path, steps, name="wrong")
    path = tmp_path / "wrong.yaml"
    for command in ("submit", "explain"):
        told = daily.run(command, path, code=2).stderr
        assert reason in told and f"{path}:1:" in told


def test_schedules_submit_jobs_also_after_a_restart_and_never_two_at_once(new_cluster):
    cluster = new_cluster()
    slow = ("--set", "tasks=400", "--set", "sleep=1s")
    quick = cluster.json("schedule", "add", "selftest", "--cron", "* * * * *")
    long = cluster.json("schedule", "add", "selftest", *slow, "--cron", "*/1 * * * *")
    gone = cluster.json("schedule", "add", "selftest", "--cron", "* * * * *")
    assert (quick["jobs"], quick["cron"], quick["last_job"]) == (["selftest"], "* * * * *", None)
    cluster.run("schedule", "remove", gone["id"])
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()

    def last(schedule):
        [line] = [s for s in cluster.json("schedule", "list") if s["id"] == schedule["id"]]
        return line["last_job"]

    wait_until(lambda: last(quick) and last(long), "the first minute", 90)
    first = (last(quick), last(long))
    wait_until(lambda: last(quick) != first[0], "the second minute", 90)
    time.sleep(2)
    assert last(long) == first[1]
    assert len(cluster.json("list")) == 3
    assert f"job {first[1]} still runs" in (cluster.state / "coordinator.log").read_text()


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["add", "imdb", "--cron", "0 0 30 2 *"], "never comes"),
        (["add", "imdb", "--cron", "0 25 * * *"], "is no hour"),
        (["add", "imdb", "--cron", "daily"], "is no cron line"),
        (["add", "imbd", "--cron", "0 3 * * 1"], "did you mean 'imdb'"),
        (["add", "imdb"], "--cron"),
        (["remove", "77"], "no schedule '77'"),
        (["forget"], "is not add, list or remove"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(daily, arguments, reason):
    assert reason in daily.run("schedule", *arguments, code=2).stderr
    assert daily.json("schedule") == []
