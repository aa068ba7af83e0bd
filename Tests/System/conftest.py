"""Fixtures: the program under test, samples made by it, and clusters that leave nothing behind."""

import os
import subprocess
from pathlib import Path

import pytest

import reference
from harness import Cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def otjob():
    """The program: OTJOB, or what was built last of release and debug in that order."""
    candidates = [ROOT / ".build/release/otjob", ROOT / ".build/debug/otjob"]
    if "OTJOB" in os.environ:
        candidates = [Path(os.environ["OTJOB"]).resolve()]
    for path in candidates:
        if os.access(path, os.X_OK):
            return path
    pytest.exit(f"no otjob at {' or '.join(map(str, candidates))}: run scripts/build release", 2)


@pytest.fixture(scope="session")
def sample(otjob, tmp_path_factory):
    """Makes a sample, once for each scale and seed: sample(0.002, seed=1) is its folder."""
    made = {}

    def make(scale, seed=1):
        if (scale, seed) not in made:
            folder = tmp_path_factory.mktemp(f"sample-{scale}-{seed}-")
            command = [otjob, "sample", "--scale", str(scale), "--seed", str(seed), "--out", folder]
            subprocess.run(command, check=True, timeout=120, capture_output=True)
            made[scale, seed] = folder
        return made[scale, seed]

    return make


@pytest.fixture(scope="session")
def expected(sample):
    """The tables that a sample must become, by name: expected(0.002, seed=1)["title_akas"]."""
    read = {}

    def tables(scale, seed=1):
        if (scale, seed) not in read:
            read[scale, seed] = reference.tables(sample(scale, seed))
        return read[scale, seed]

    return tables


@pytest.fixture
def new_cluster(otjob, tmp_path):
    """Starts clusters for one test and takes them down after it."""
    yield from _clusters(otjob, tmp_path)


@pytest.fixture(scope="module")
def new_shared_cluster(otjob, tmp_path_factory):
    yield from _clusters(otjob, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def cluster(new_cluster):
    """A running cluster of two workers for one test alone."""
    return new_cluster()


@pytest.fixture(scope="module")
def shared_cluster(new_shared_cluster):
    """A running cluster for the tests of one file, each of which has tables of its own."""
    return new_shared_cluster()


def _clusters(otjob, folder):
    started = []

    def start(**options):
        cluster = Cluster(otjob, folder / f"cluster{len(started)}", **options)
        started.append(cluster)
        return cluster.up()

    yield start
    for cluster in started:
        cluster.down()
