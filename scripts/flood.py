"""Floods a working cluster with hostile clients; see `scripts/flood --help`."""

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/System"))

from flood import PER_SECOND, TLS_PER_SECOND, Flood, Probe  # noqa: E402
from harness import (  # noqa: E402
    Cluster, forget_peak_memory, peak_memory_mib, process_pool, static_pool,
)
from secured import SecuredCluster  # noqa: E402

# What failure-model.md promises in a flood.
P99_SECONDS, MEMORY_MIB, GONE_SECONDS = 0.2, 512, 15

HTTP = ("idle", "half a request", "slowloris", "endless header", "slow body", "no HTTP")
WORKERS = ("silent worker", "half a hello", "half a handshake")
READERS = {"of a log": "/api/jobs/{job}/logs", "of events": "/api/jobs/{job}/events"}
# Of ports that speak TLS. Strangers have no certificate; who has one joined as a worker once.
TLS = ("idle", "half a handshake", "unanswered handshake", "silent in TLS")
TLS_HTTP = (*TLS, "slowloris in TLS")
TLS_KNOWN = ("silent in TLS", "half a hello in TLS")


class Report:
    """The table of what was measured, printed row by row, and whether a promise was broken."""

    def __init__(self):
        self.broken = []
        print(f"{'flood':40}{'opened':>8}{'greeted':>9}{'most':>7}{'longest':>9}{'asked':>7}"
              f"{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'MiB':>6}")

    def row(self, name, probe, memory, result=None):
        result = result or dict.fromkeys(("opened", "greeted", "most", "longest"), "-")
        p50, p99, most = (probe.quantile(share) for share in (0.5, 0.99, 1))
        print(f"{name:40}{result['opened']:>8}{result['greeted']:>9}{result['most']:>7}"
              f"{result['longest']:>9}{len(probe.seconds):>7}{p50 * 1e3:>8.1f}{p99 * 1e3:>8.1f}"
              f"{most * 1e3:>8.1f}{memory:>6.0f}", flush=True)
        if probe.failures:
            self.broken.append(f"{name}: {len(probe.failures)} not answered: {probe.failures[0]}")
        if p99 > P99_SECONDS:
            self.broken.append(f"{name}: p99 is {p99:.3f} s, over {P99_SECONDS} s")
        if memory > MEMORY_MIB:
            self.broken.append(f"{name}: the coordinator had {memory:.0f} MiB, over {MEMORY_MIB}")
        if result["longest"] != "-" and result["longest"] > GONE_SECONDS:
            self.broken.append(f"{name}: one stayed {result['longest']} s, over {GONE_SECONDS} s")


def large_log(cluster, job):
    """Lets the log of a job be as large as the largest answer."""
    log = cluster.state / "logs" / f"{job}.log"
    with log.open("a") as file:
        for _ in range(100_000):
            file.write("a line of sixty bytes, more or less, to make the log large.\n")


class Target:
    """A port that is flooded with one kind."""

    def __init__(self, name, kind, port, **options):
        self.name, self.kind, self.port, self.options = name, kind, port, options


def plain_targets(cluster, job):
    for kind in HTTP:
        yield Target(kind, kind, cluster.http_port)
    for name, path in READERS.items():
        asked = path.format(job=job)
        yield Target(f"slow reader {name}", "slow reader", cluster.http_port, path=asked)
    for kind in WORKERS:
        yield Target(kind, kind, cluster.worker_port)


def secured_targets(cluster, job):
    certificate = str(cluster.certificate("nobody"))
    for kind in TLS_HTTP:
        yield Target(f"TLS API: {kind}", kind, cluster.http_port)
    for kind in TLS:
        yield Target(f"TLS workers: {kind}", kind, cluster.worker_port)
    for kind in TLS_KNOWN:
        name = f"TLS workers: {kind}, known"
        yield Target(name, kind, cluster.worker_port, certificate=certificate)


def flood(cluster, targets, asked, sample, report):
    """Floods one target after another while jobs run."""
    # It outlives the floods, so that there are events all the time.
    endless = ("--set", "tasks=100000", "--set", "sleep=0.2s", "--pool", "zone-b")
    watched = cluster.submit("selftest", *endless)
    large_log(cluster, watched)
    coordinator = cluster.coordinator_pid()
    rate = asked.rate or (TLS_PER_SECOND if cluster.security else PER_SECOND)
    for target in targets(cluster, watched):
        if asked.only and asked.only not in target.name:
            continue
        load = cluster.submit("imdb", "--input", sample)
        forget_peak_memory(coordinator)
        swarm = Flood(
            target.kind, target.port, count=asked.connections, seconds=asked.seconds,
            addresses=asked.addresses, rate=rate, **target.options,
        )
        with swarm, Probe(cluster.http_port, cluster.security) as probe:
            result = swarm.result()
        report.row(target.name, probe, peak_memory_mib(coordinator), result)
        if (status := cluster.wait(load))["state"] != "DONE":
            report.broken.append(f"{target.name}: the load ended {status['state']}")
    cluster.run("cancel", watched)


def queue(cluster, report, count):
    """Lets so many jobs wait, and asks meanwhile."""
    refused = 0
    with Probe(cluster.http_port) as probe:
        connection = http.client.HTTPConnection("127.0.0.1", cluster.http_port, timeout=60)
        body = json.dumps({"jobs": ["selftest"], "files": [], "set": {}, "pool": "nobody"})
        for _ in range(count):
            connection.request("POST", "/api/jobs", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            # As many as docs/limits.md says wait, the others are told so.
            assert answer.status in (200, 429), text
            refused += answer.status == 429
    name = f"{count - refused} jobs queued, {refused} refused"
    report.row(name, probe, peak_memory_mib(cluster.coordinator_pid()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otjob", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--addresses", type=int)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--only", help="the floods whose name holds this text")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="otcluster-flood-"))
    otjob, sample = asked.otjob.resolve(), folder / "sample"
    command = [otjob, "sample", "--scale", "0.02", "--out", sample]
    subprocess.run(command, check=True, capture_output=True)
    pools = [process_pool("zone-a", 2), process_pool("zone-b", 1), static_pool("nobody")]
    report = Report()
    try:
        for name, make, targets in (
            ("plain", Cluster, plain_targets), ("secured", SecuredCluster, secured_targets)
        ):
            cluster = make(otjob, folder / name, pools=pools)
            try:
                cluster.up()
                flood(cluster, targets, asked, sample, report)
                if asked.jobs and name == "plain":
                    queue(cluster, report, asked.jobs)
            finally:
                cluster.down()
    finally:
        shutil.rmtree(folder)
    for line in report.broken:
        print(line)
    sys.exit(1 if report.broken else 0)


if __name__ == "__main__":
    main()
