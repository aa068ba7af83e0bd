"""A coordinator that is killed in any stage of a workflow loses nothing and does nothing twice.

The stages are told apart by the files that the coordinator changes in them (`faults.c` kills it before
the Nth such change), and by DuckDB, which it starts for checks and for views.
"""

import json
import os
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from harness import column, job_file, tsv, wait_until, write_gzip
from lake import Lake
from test_workflows import count, states, workflow

SYSTEM = Path(__file__).resolve().parent
ROWS = 60_000
# What is changed in a stage: a part of a path, behind the folder of the cluster.
STAGES = {
    "download": "/raw/.ingest/",
    "raw file": "/raw/numbers.tsv.gz",
    "ingestion log": "/store/ott/ingestion_log/",
    "spool": "/state/spool/",
    "publish": "/store/ott/numbers/",
    "catalog": "/store/catalog.sqlite-journal",
    "report": "/store/ott/data_quality/",
    "job store": "/state/jobs.sqlite",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    source = SYSTEM / "faults.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", path, source, "-ldl"], check=True)
    return path


@pytest.fixture
def staged(new_cluster, tmp_path):
    """A cluster that is down, with a workflow that has every stage, and its input."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    # Not sorted: that the key is unique is for DuckDB to find out.
    job_file(jobs, "numbers", [column("id", "int64", required=True)], checks={"unique": ["id"]})
    numbers = list(range(ROWS))
    random.Random(1).shuffle(numbers)
    source = write_gzip(tmp_path / "numbers.tsv.gz", tsv(["id"], [[n] for n in numbers]))
    sources = tmp_path / "sources.yaml"
    sources.write_text(f"sources: [{{dataset: numbers, url: 'file:{source}'}}]")
    steps = [
        {"step": "ingest", "ingest": ["numbers"]},
        {"step": "tables", "load": ["numbers"], "needs": ["ingest"], "when": "changed"},
        # Not all shipped views, so that DuckDB is asked.
        {"step": "views", "views": ["content_performance"], "needs": ["tables"], "retries": 2},
        {"step": "report", "quality": ["numbers"], "needs": ["tables"], "when": "changed"},
    ]
    workflow(jobs, steps)
    cluster = new_cluster(jobs=jobs, chunk="64KiB", more=[f"sources: [{sources}]"])
    files = tmp_path / "titles"
    files.mkdir()
    titles = ["tconst", "titleType", "primaryTitle", "originalTitle", "isAdult", "startYear",
              "endYear", "runtimeMinutes", "genres"]
    row = ["tt1", "movie", "A", "A", 0, 1999, "\\N", 90, "Drama"]
    write_gzip(files / "title.basics.tsv.gz", tsv(titles, [row]))
    write_gzip(files / "title.ratings.tsv.gz", tsv(["tconst", "averageRating", "numVotes"], [["tt1", 5, 9]]))
    for name in ("title_basics", "title_ratings"):
        cluster.load(name, "--input", files)
    return cluster


def check(cluster, job):
    """After all kills: everything is there, once."""
    status = cluster.wait(job)
    assert status["state"] == "DONE", status["reason"]
    assert states(status)["numbers"] == "DONE"
    assert count(cluster, "numbers") == ROWS
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(DISTINCT id) FROM numbers") == ROWS
        assert lake.value("SELECT count(*) FROM content_performance") == 1
    messages = [s["message"] or "" for s in cluster.json("snapshots")]
    assert messages.count(f"job {job}: numbers") == 1
    assert sum("content_performance" in text for text in messages) == 1
    results = [(row["check"], row["value"]) for row in cluster.json("quality", "numbers")]
    assert sorted(results) == [("rows", ROWS), ("unique(id)", 0)]
    assert not list((cluster.folder / "raw/.ingest").glob("*.part"))


def with_faults(cluster, library, at, trace):
    """Starts the coordinator so that it is killed before its change number `at`."""
    cluster.environment.update(
        LD_PRELOAD=str(library),
        OTCLUSTER_FAULT_FOLDER=str(cluster.folder),
        OTCLUSTER_FAULT="kill",
        OTCLUSTER_FAULT_AT=str(at),
        OTCLUSTER_FAULT_TRACE=str(trace),
    )
    try:
        cluster.up()
    finally:
        for name in list(cluster.environment):
            if name.startswith("OTCLUSTER_FAULT") or name == "LD_PRELOAD":
                del cluster.environment[name]


def submit(cluster, **options):
    """Submits the workflow; however often, it is one job."""
    return cluster.run("submit", "daily", "--request-id", "once", "--json", **options)


def has_ended(cluster):
    listed = cluster.run("list", "--json", code=None)
    jobs = json.loads(listed.stdout) if listed.returncode == 0 else []
    return any(job["name"] == "daily" and job["state"] == "DONE" for job in jobs)


def test_every_stage_is_killed_at_its_first_middle_and_last_change(staged, library, tmp_path):
    cluster, trace = staged, tmp_path / "trace"
    template = tmp_path / "template"
    cluster.down()
    subprocess.run(["cp", "-a", cluster.folder, template], check=True)

    def run(at):
        """One run from the same beginning, killed once: the calls of its start, and all of them."""
        subprocess.run(["rm", "-rf", cluster.folder], check=True)
        subprocess.run(["cp", "-a", template, cluster.folder], check=True)
        trace.unlink(missing_ok=True)
        with_faults(cluster, library, at, trace)
        pid, starting = cluster.coordinator_pid(), len(trace.read_text().splitlines())
        submit(cluster, code=None)
        # A run may make a few changes less than the first one did, and end.
        if wait_until(lambda: not is_alive(pid) and "killed" or has_ended(cluster), "the end"):
            cluster.up()
        check(cluster, json.loads(submit(cluster).stdout)["id"])
        cluster.down()
        return starting, [line.split(" ", 2)[2] for line in trace.read_text().splitlines()]

    starting, calls = run(at=0)
    for stage, part in STAGES.items():
        places = [number for number, path in enumerate(calls, 1)
                  if part in path and number > starting]
        assert places, f"nothing was changed in the stage '{stage}'"
        # What differs from run to run is only how many changes come before.
        for at in sorted({places[0], places[len(places) // 2], places[-1]}):
            run(at)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def programs(cluster):
    """Running DuckDBs that look at this cluster's store."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"duckdb" in words.split(b"\0")[0] and os.fsencode(cluster.store) in words:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize("stage", ["checks", "views"])
def test_a_kill_while_duckdb_looks_loses_nothing(staged, stage):
    cluster = staged
    job = cluster.submit("daily")
    if stage == "views":
        wait_until(lambda: states(cluster.status(job))["numbers"] == "DONE", "the table")
    wait_until(lambda: programs(cluster), "DuckDB", 60)
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    check(cluster, job)


def test_two_workflows_that_publish_one_table_at_once_are_both_right(new_cluster, tmp_path):
    """Each version is that of one of the two, whole, whatever the coordinator goes through."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    job_file(jobs, "one", [column("id", "int64", required=True)])
    workflow(jobs, [{"step": "load", "load": ["one"]}])
    cluster = new_cluster(jobs=jobs, chunk="64KiB")
    sizes = [20_000, 30_000]
    for size in sizes:
        folder = tmp_path / f"{size}"
        folder.mkdir()
        write_gzip(folder / "one.tsv.gz", tsv(["id"], [[n] for n in range(size)]))
    troubles, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            try:
                with Lake(cluster.catalog) as lake:
                    [(rows, top)] = lake.query("SELECT count(*), max(id) FROM one")
                if rows not in sizes or top != rows - 1:
                    troubles.append((rows, top))
            except Exception as error:  # whatever it is fails the test
                if not any(w in str(error) for w in ("locked", "does not exist", "readonly")):
                    troubles.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for round in range(4):
            ids = [cluster.submit("daily", "--input", tmp_path / f"{size}") for size in sizes]
            if round % 2:
                os.kill(cluster.coordinator_pid(), signal.SIGKILL)
                cluster.up()
            for job, size in zip(ids, sizes):
                status = cluster.wait(job)
                assert status["state"] == "DONE", status["reason"]
                assert status["steps"][0]["rows"] == size
    finally:
        ended.set()
        reader.join()
    assert not troubles
    versions = [s["id"] for s in cluster.json("snapshots") if (s["message"] or "").endswith(": one")]
    with Lake(cluster.catalog) as lake:
        query = "SELECT count(*) FROM one AT (VERSION => {})"
        rows = [lake.value(query.format(version)) for version in versions]
    assert sorted(rows) == sorted(4 * sizes)
