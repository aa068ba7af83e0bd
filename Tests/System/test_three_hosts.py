"""A cluster on three hosts, over TLS: its first pool is cut off in the middle of a load."""

import os

import pytest

from harness import static_pool, wait_until
from hosts import Hosts
from secured import SecuredCluster
from test_lost_workers import CHUNK, SCALE, fingerprints, wait_for_share

pytestmark = pytest.mark.skipif(
    not Hosts.are_permitted(), reason="network namespaces are not permitted here"
)

ZONES = ("zone-a", "zone-b")


class SpreadCluster(SecuredCluster):
    """A coordinator on a host of its own, whose two ports other hosts reach."""

    def __init__(self, otjob, folder, hosts):
        super().__init__(
            otjob,
            folder,
            prefix=hosts.prefix("coordinator"),
            host=hosts.address("coordinator"),
            pools=[static_pool(zone) for zone in ZONES],
            chunk=CHUNK,
            lost_after="3s",
            scheduler="fallback_after: 1s",
        )
        self.hosts = hosts

    def join(self, zone):
        """Starts a worker on the zone's host, with a token that was made there."""
        token = self.folder / f"token-{zone}-{len(self.started)}"
        made = self.run("token", "create", "--pool", zone, prefix=self.hosts.prefix(zone))
        token.write_text(made.stdout)
        identity = token.with_name(f"identity-{zone}-{len(self.started)}")
        return self.worker(
            "--token-file", token, "--identity", identity, pool=zone, prefix=self.hosts.prefix(zone)
        )


@pytest.fixture
def hosts():
    with Hosts("coordinator", *ZONES) as hosts:
        yield hosts


@pytest.fixture
def spread(otjob, tmp_path, hosts):
    cluster = SpreadCluster(otjob, tmp_path / "spread", hosts)
    try:
        yield cluster.up()
    finally:
        cluster.down()


def test_a_load_goes_on_in_the_second_zone_when_the_first_is_cut_off(spread, new_cluster, hosts, sample):
    workers = {zone: [spread.join(zone) for _ in range(2)] for zone in ZONES}
    before = {w["pid"]: w for zone in ZONES for w in map(spread.joined, workers[zone])}
    assert sorted(w["pool"] for w in before.values()) == ["zone-a", "zone-a", "zone-b", "zone-b"]
    job = spread.submit("imdb", "--input", sample(SCALE))
    wait_for_share(spread, job, 0.2)
    assert spread.status(job)["pool"] == "zone-a"
    hosts.cut_off("zone-a")
    status = spread.wait(job)
    assert (status["state"], status["pool"]) == ("DONE", "zone-b"), status
    gone = {w["id"] for w in before.values() if w["pool"] == "zone-a"}
    listed = lambda: {w["state"] for w in spread.json("workers", "--all") if w["id"] in gone}
    wait_until(lambda: listed() == {"LOST"}, "the loss of the first zone's workers", 30)

    undisturbed = new_cluster(chunk=CHUNK)
    undisturbed.load("imdb", "--input", sample(SCALE))
    assert fingerprints(spread) == fingerprints(undisturbed)

    # The hosts of the first zone were up all the time; their workers come back as they are.
    hosts.join_again("zone-a")
    for process in workers["zone-a"]:
        again = spread.joined(process)
        assert again["identity"] == before[process.pid]["identity"]
        assert again["id"] != before[process.pid]["id"]


def test_other_hosts_need_the_token_and_know_the_coordinator_by_its_authority(spread, hosts, tmp_path):
    here = hosts.prefix("zone-b")
    assert spread.json("pools", prefix=here)
    # The files that a user has, where none is named.
    named = {key: spread.environment.pop(key) for key in ("OTJOB_TOKEN_FILE", "OTJOB_CA_FILE")}
    spread.environment["XDG_CONFIG_HOME"] = str(tmp_path)
    assert "ca.pem" in spread.run("list", code=2, prefix=here).stderr
    folder = tmp_path / "otjob"
    folder.mkdir()
    os.symlink(named["OTJOB_CA_FILE"], folder / "ca.pem")
    assert "token" in spread.run("list", code=1, prefix=here).stderr
    os.symlink(named["OTJOB_TOKEN_FILE"], folder / "token")
    job = spread.json("submit", "selftest", "--set", "tasks=3", prefix=here)["id"]
    assert spread.json("status", job, prefix=here)["name"] == "selftest"
    spread.run("cancel", job, prefix=here)
    spread.environment.update(named)


def test_nothing_that_crosses_the_network_is_in_the_clear(spread, hosts):
    plain = {"OTJOB_COORDINATOR": spread.environment["OTJOB_COORDINATOR"].replace("https", "http")}
    kept = dict(spread.environment)
    spread.environment.update(plain)
    told = spread.run("list", code=2, prefix=hosts.prefix("zone-a"))
    assert "in the clear" in told.stderr or "https" in told.stderr
    spread.environment.update(kept)
    # A worker without an identity does not even try.
    process = spread.worker(pool="zone-a", prefix=hosts.prefix("zone-a"))
    wait_until(lambda: process.poll() is not None, "the worker ends", 20)
    assert "otjob token create" in process.log.read_text()
