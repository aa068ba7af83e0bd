"""Thousands of hostile connections: honest clients are answered, loads end, memory is bounded."""

import pytest

from flood import Flood, Probe, allow_sockets
from harness import peak_memory_mib

CONNECTIONS, SECONDS, LIMIT_MIB = 1500, 3, 512


@pytest.mark.parametrize(
    "kind", ["idle", "slowloris", "endless header", "slow reader", "silent worker", "half a hello"]
)
def test_a_flood_does_not_keep_honest_clients_out(shared_cluster, kind):
    if not allow_sockets(CONNECTIONS):
        pytest.skip("the limit of open files is too low for a flood")
    cluster = shared_cluster
    job = cluster.submit("selftest", "--set", "tasks=2000", "--set", "sleep=1ms")
    path = f"/api/jobs/{job}/logs"
    if kind == "slow reader":
        with (cluster.state / "logs" / f"{job}.log").open("a") as log:
            log.write("a line that makes the log as large as an answer may be\n" * 100_000)
    port = cluster.worker_port if kind in ("silent worker", "half a hello") else cluster.http_port
    flood = Flood(kind, port, count=CONNECTIONS, seconds=SECONDS, path=path)
    with flood, Probe(cluster.http_port) as probe:
        result = flood.result()
    assert result["opened"] >= CONNECTIONS
    assert result["closed"] > 0
    assert probe.seconds and not probe.failures
    assert cluster.wait(job)["state"] == "DONE"
    assert peak_memory_mib(cluster.coordinator_pid()) < LIMIT_MIB
