"""docs/operations.md tells the truth: its commands are run, and the messages it names exist."""

import os
import re
import shutil
import sqlite3
import subprocess

import duckdb
import pytest

from conftest import ROOT
from harness import FAILED
from lake import Lake, catalog_rows
from test_lost_workers import CHUNK, SCALE, wait_for_share

PAGE = (ROOT / "docs/operations.md").read_text()


def section(title):
    """The text below a heading, up to the next one of any level."""
    [text] = re.findall(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    return text


def run_commands(title, **folders):
    """Runs the commands of a section as they stand; returns what they print."""
    [commands] = re.findall(r"^```sh\n(.*?)^```", section(title), re.M | re.S)
    environment = dict(os.environ, **{name: str(path) for name, path in folders.items()})
    done = subprocess.run(
        ["bash", "-c", commands], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def back_up(cluster, folder):
    told = run_commands("Backing up", STATE=cluster.state, STORE=cluster.store, BACKUP=folder)
    assert told == "ok\n"
    return folder


def restore(new_cluster, backup, folder):
    """A running cluster of the backup, in folders of its own."""
    state, store = folder / "state", folder / "store"
    run_commands("Restoring", STATE=state, STORE=store, BACKUP=backup)
    return new_cluster(state=state, store=store, chunk=CHUNK)


def newest_version(catalog):
    [[version]] = catalog_rows(catalog, "SELECT max(snapshot_id) FROM ducklake_snapshot")
    return version


def tables_of(catalog, version):
    """Rows and a hash of them, by table, as one version has them."""
    with Lake(catalog) as lake:
        names = lake.query(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'"
            " AND schema_name = 'ott'"
        )
        found = {}
        for [name] in names:
            rows = f"(SELECT * FROM {name} AT (VERSION => {version}))"
            try:
                found[name] = lake.query(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {rows} t")
            except duckdb.CatalogException:
                continue  # it is newer than the version
        return found


def newest_tables(catalog):
    """All tables but the one that says when its rows were found."""
    found = tables_of(catalog, newest_version(catalog))
    del found["data_quality"]
    return found


def test_a_backup_of_a_cluster_that_loads_restores_to_the_version_it_has(
    new_cluster, sample, tmp_path
):
    original = new_cluster(chunk=CHUNK)
    original.load("title_ratings", "--input", sample(0.002))
    job = original.submit("imdb", "--input", sample(SCALE))
    wait_for_share(original, job, 0.3)
    backup = back_up(original, tmp_path / "backup")
    version = newest_version(backup / "store/catalog.sqlite")
    assert original.wait(job)["state"] == "DONE"
    assert newest_version(original.catalog) > version, "the backup was made after the load"

    restored = restore(new_cluster, backup, tmp_path / "elsewhere")
    known = tables_of(restored.catalog, version)
    assert known["title_ratings"]
    assert known == tables_of(original.catalog, version)
    # The load that ran goes on with what the backup has not, and ends as the original did.
    assert restored.wait(job)["state"] == "DONE"
    assert newest_tables(restored.catalog) == newest_tables(original.catalog)


def test_a_job_store_older_than_its_catalog_goes_on_above_what_was_published(
    new_cluster, sample, tmp_path
):
    original = new_cluster()
    original.load("title_ratings", "--input", sample(0.002))
    older = back_up(original, tmp_path / "older")
    original.load("title_ratings", "--input", sample(0.002))
    last = original.load("title_episode", "--input", sample(0.002))
    backup = back_up(original, tmp_path / "backup")
    [[epoch]] = catalog_rows(original.catalog, "SELECT max(epoch) FROM otcluster_job_stores")
    shutil.copy(older / "state/jobs.sqlite", backup / "state/jobs.sqlite")
    restored = restore(new_cluster, backup, tmp_path / "elsewhere")
    assert int(restored.submit("selftest", "--set", "tasks=1")) > int(last["id"])
    sql = "SELECT max(epoch) FROM otcluster_job_stores"
    assert catalog_rows(restored.catalog, sql)[0][0] > epoch


def test_a_moved_store_is_refused_until_its_path_is_set(new_cluster, sample, tmp_path):
    cluster = new_cluster()
    cluster.load("title_ratings", "--input", sample(0.002))
    before = newest_tables(cluster.catalog)
    assert before["title_ratings"]
    cluster.down()
    moved = tmp_path / "moved"
    cluster.store.rename(moved)
    cluster.config.write_text(cluster.config.read_text().replace(str(cluster.store), str(moved)))
    told = cluster.run("up", "--config", cluster.config, code=FAILED).stderr
    assert f"keeps its files in {cluster.store}/, not in {moved}/" in told
    set_path = re.findall(r"^(sqlite3 [^\n]*\\\n[^\n]*UPDATE.*?)^```", PAGE, re.M | re.S)
    environment = dict(os.environ, STORE=str(moved))
    subprocess.run(["bash", "-c", set_path[0]], env=environment, check=True, timeout=30)
    cluster.up()
    assert newest_tables(moved / "catalog.sqlite") == before


def test_an_older_release_refuses_a_job_store_and_leaves_it_alone(new_cluster):
    cluster = new_cluster()
    cluster.down()
    path = cluster.state / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    before = path.read_bytes()
    told = cluster.run("up", "--config", cluster.config, code=FAILED).stderr
    assert "it was written by a newer release" in told
    assert path.read_bytes() == before


def test_a_second_coordinator_on_one_state_is_refused(cluster):
    told = cluster.run("coordinator", "--config", cluster.config, code=FAILED).stderr
    assert "another coordinator runs on this state" in told
    assert cluster.json("workers")


def quoted_messages():
    """The texts in the first column of the page's tables of messages, without what varies."""
    for title in (
        "A job waits, and goes on by itself",
        "A job failed; its table is as it was",
        "A worker",
        "The coordinator does not start, or says in its log",
    ):
        rows = re.findall(r"^\| `(.*?)` \|", section(title), re.M)
        assert rows, title
        yield from rows


@pytest.fixture(scope="module")
def source_texts():
    """All sources, with texts that are put together over lines as one."""
    texts = [path.read_text() for path in (ROOT / "Sources").rglob("*.swift")]
    return re.sub(r'"\s*\+\s*"', "", "\n".join(texts))


@pytest.mark.parametrize("message", list(quoted_messages()))
def test_the_program_can_say_what_the_page_explains(source_texts, message):
    words = [part.strip(" ;:()") for part in message.split("…")]
    for part in words:
        assert part in source_texts, f"no source says: {part}"
