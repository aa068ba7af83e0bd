"""A full disk is a state that is told and that ends by itself; no row is lost and nothing left behind."""

import os
import subprocess

import pytest

from harness import wait_until
from lake import Lake, assert_equal_rows

SCALE = 0.01


@pytest.fixture
def small_disk(tmp_path):
    """Mounts file systems in memory: small_disk(mebibytes) is the folder of a new one.

    Asked for before new_cluster, so that clusters are taken down before their disks go.
    """
    mounted = []

    def mount(mebibytes):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def free_bytes(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def fill(folder, leaving):
    """Takes all but so many bytes of the disk; returns the file to be removed."""
    path = folder / "ballast"
    size = free_bytes(folder) - leaving
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return path


def waits_for_room(cluster, job, words):
    def look():
        status = cluster.status(job)
        assert status["state"] in ("PENDING", "RUNNING"), status
        return words in (status["reason"] or "")

    wait_until(look, f"the job says that it waits: {words}", 30)


def check_table(cluster, expected, table):
    with Lake(cluster.catalog) as lake:
        assert_equal_rows(lake.rows(table), expected(SCALE)[table].rows)


def leftovers(cluster):
    """Temporary files of segments, and spool files."""
    return [
        *cluster.store.rglob(".*.tmp"),
        *(path for path in (cluster.state / "spool").iterdir()),
    ]


def test_below_the_reserve_jobs_wait_and_go_on_when_there_is_room(small_disk, new_cluster):
    disk = small_disk(64)
    cluster = new_cluster(state=disk / "state", scheduler="reserve: 32MiB").up()
    first = cluster.submit("selftest", "--set", "tasks=6", "--set", "sleep=1s")
    wait_until(lambda: cluster.status(first)["state"] == "RUNNING", "the job runs")
    ballast = fill(disk, 16 << 20)
    waits_for_room(cluster, first, "disk is nearly full")
    second = cluster.submit("selftest", "--set", "tasks=2")
    waits_for_room(cluster, second, "scheduler.reserve")
    ballast.unlink()
    assert cluster.wait(first)["state"] == "DONE"
    assert cluster.wait(second)["state"] == "DONE"
    assert cluster.status(first)["reason"] is None


def test_a_full_spool_delays_a_load(small_disk, new_cluster, sample, expected):
    disk = small_disk(64)
    cluster = new_cluster(state=disk / "state", scheduler="reserve: 0B", chunk="64KiB").up()
    ballast = fill(disk, 400 << 10)
    job = cluster.submit("title_principals", "--input", sample(SCALE))
    waits_for_room(cluster, job, "a disk is full: ")
    ballast.unlink()
    status = cluster.wait(job)
    assert status["state"] == "DONE", status["reason"]
    assert status["attempts_detail"]["counts"]["NOT_STORED"] > 0
    check_table(cluster, expected, "title_principals")
    wait_until(lambda: not leftovers(cluster), "nothing is left behind", 10)


def test_a_full_store_delays_a_publication(small_disk, new_cluster, sample, expected):
    disk = small_disk(64)
    cluster = new_cluster(store=disk / "store", scheduler="reserve: 0B").up()
    cluster.load("title_ratings", "--input", sample(SCALE))
    ballast = fill(disk, 100 << 10)
    job = cluster.submit("title_principals", "--input", sample(SCALE))
    waits_for_room(cluster, job, "a disk is full: ")
    assert not [path for path in leftovers(cluster) if path.suffix == ".tmp"]
    ballast.unlink()
    status = cluster.wait(job)
    assert status["state"] == "DONE", status["reason"]
    check_table(cluster, expected, "title_principals")
    wait_until(lambda: not leftovers(cluster), "nothing is left behind", 10)


def test_a_cluster_on_a_full_disk_refuses_submits_and_takes_them_later(small_disk, new_cluster):
    disk = small_disk(16)
    cluster = new_cluster(state=disk / "state", scheduler="reserve: 0B").up()
    ballast = fill(disk, 0)
    refused = cluster.run("submit", "selftest", "--set", "tasks=1", code=None)
    assert refused.returncode != 0
    assert "free space on its disk" in refused.stderr
    ballast.unlink()
    cluster.load("selftest", "--set", "tasks=1")
