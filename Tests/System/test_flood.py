"""Thousands of hostile connections: honest clients are answered, loads end, memory is bounded."""

import http.client
import json

import pytest

from flood import Flood, Probe, allow_sockets
from harness import peak_memory_mib, process_pool, static_pool
from secured import SecuredCluster

CONNECTIONS, SECONDS, LIMIT_MIB = 1500, 3, 512
# Of one address, which has fewer places, and each of them is a handshake.
TLS_CONNECTIONS = 400


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


@pytest.fixture(scope="module")
def secured(otjob, tmp_path_factory):
    """A cluster whose ports speak TLS, and a certificate of a worker that is gone."""
    pools = [process_pool("zone-a", 2), static_pool("zone-b")]
    cluster = SecuredCluster(otjob, tmp_path_factory.mktemp("secured"), pools=pools)
    try:
        cluster.up()
        yield cluster, str(cluster.certificate("zone-b"))
    finally:
        cluster.down()


@pytest.mark.parametrize(
    "port, kind",
    [
        ("API", "idle"),
        ("API", "half a handshake"),
        ("API", "unanswered handshake"),
        ("API", "silent in TLS"),
        ("API", "slowloris in TLS"),
        ("workers", "idle"),
        ("workers", "half a handshake"),
        ("workers", "unanswered handshake"),
        ("workers", "silent in TLS"),
        ("workers, known", "silent in TLS"),
        ("workers, known", "half a hello in TLS"),
    ],
)
def test_a_flood_over_tls_keeps_out_neither_clients_nor_workers(secured, tmp_path, port, kind):
    cluster, certificate = secured
    flood = Flood(
        kind,
        cluster.http_port if port == "API" else cluster.worker_port,
        count=TLS_CONNECTIONS,
        seconds=SECONDS,
        addresses=1,
        certificate=certificate if port == "workers, known" else None,
    )
    job = cluster.submit("selftest", "--set", "tasks=1000", "--set", "sleep=1ms", "--pool", "zone-a")
    token = cluster.token()
    with flood, Probe(cluster.http_port, cluster.security) as probe:
        worker = cluster.worker("--token-file", token, "--identity", tmp_path / "identity")
        cluster.joined(worker)
        result = flood.result()
    worker.kill()
    worker.wait(20)
    assert result["greeted"] >= TLS_CONNECTIONS
    assert result["closed"] > 0
    assert probe.seconds and not probe.failures
    assert cluster.wait(job)["state"] == "DONE"
    assert peak_memory_mib(cluster.coordinator_pid()) < LIMIT_MIB


@pytest.mark.nightly
def test_more_jobs_than_the_coordinator_takes_are_refused_and_those_it_took_are_kept(new_cluster):
    """docs/limits.md: 10,000 that have not ended."""
    cluster = new_cluster(pools=[process_pool("zone-a", 1), static_pool("nobody")]).up()
    connection = http.client.HTTPConnection("127.0.0.1", cluster.http_port, timeout=60)

    def submit(request_id):
        body = {"jobs": ["selftest"], "files": [], "set": {}, "pool": "nobody"}
        body = json.dumps(body | {"request_id": request_id})
        connection.request("POST", "/api/jobs", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    first = submit("first")
    assert first[0] == 200
    for number in range(1, 10_000):
        assert submit(f"job {number}")[0] == 200
    assert submit("one more")[0] == 429
    refused = cluster.run("submit", "selftest", code=None)
    assert refused.returncode != 0
    assert "RESOURCE_EXHAUSTED: 10000 jobs have not ended" in refused.stderr
    # Asked again, it is the job that it was.
    assert submit("first") == first
    cluster.run("cancel", first[1]["id"])
    assert submit("one more")[0] == 200
    assert submit("two more")[0] == 429
