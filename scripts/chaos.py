"""Random faults against a loading cluster of real processes; see `scripts/chaos --help`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/System"))

from harness import Cluster  # noqa: E402
from oracle import Oracle  # noqa: E402
from schedules import CHUNK, Run, Schedule  # noqa: E402

IN_NAMESPACE = "OTCLUSTER_CHAOS_NAMESPACE"


def enter_namespaces():
    """Goes on with mounts and a network of its own where that is permitted; says whether it is."""
    if IN_NAMESPACE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return True
    unshare = ["unshare", "--net", "--mount", "--propagation", "private"]
    probe = [*unshare, "sh", "-ec", "mount -t tmpfs none /mnt; nft list ruleset"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True).returncode:
        return False
    os.environ[IN_NAMESPACE] = "1"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def undisturbed(otjob, sample, oracle, folder):
    """The chunks of a load without faults, whose tables must be right to begin with."""
    cluster = Cluster(otjob, folder, chunk=CHUNK)
    try:
        status = cluster.up().load("imdb", "--input", sample)
        assert not (problems := oracle.problems(cluster.catalog)), problems
        return sum(step["chunks"]["total"] for step in status["steps"])
    finally:
        cluster.down()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otjob", type=Path, required=True)
    parser.add_argument("--schedules", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.002)
    parser.add_argument("--only", choices=Schedule.KINDS)
    parser.add_argument("--keep", action="store_true", help="keep the folders of failed runs")
    asked = parser.parse_args()
    is_namespaced = enter_namespaces()
    if not is_namespaced:
        print(f"namespaces are not permitted here: none of {', '.join(Schedule.NAMESPACED)}")
    folder = Path(tempfile.mkdtemp(prefix="otcluster-chaos-"))
    otjob, sample = asked.otjob.resolve(), folder / "sample"
    command = [otjob, "sample", "--scale", str(asked.scale), "--out", sample]
    subprocess.run(command, check=True, capture_output=True)
    oracle = Oracle(sample)
    chunks = undisturbed(otjob, sample, oracle, folder / "undisturbed")
    rows = sum(count for count, _ in oracle.prints.values())
    print(f"{rows} rows, {chunks} chunks, seeds from {asked.seed}", flush=True)
    failed, slowest, seed, done = [], 0, asked.seed, 0
    while done < asked.schedules:
        schedule = Schedule(seed)
        seed += 1
        if schedule.kind in Schedule.NAMESPACED and not is_namespaced:
            continue
        if asked.only and schedule.kind != asked.only:
            continue
        done += 1
        run = Run(otjob, sample, oracle, chunks, schedule, folder / f"seed{schedule.seed}")
        reads = run.go()
        slowest = max(slowest, run.slowest_restart)
        outcome = "FAILED" if run.problems else "ok"
        print(f"seed {schedule.seed} {outcome}: {schedule}; {reads} reads", flush=True)
        for problem in run.problems:
            print(f"  {problem}", flush=True)
        if run.problems:
            failed.append(schedule.seed)
        if not (run.problems and asked.keep):
            shutil.rmtree(folder / f"seed{schedule.seed}", ignore_errors=True)
    print(
        f"{done - len(failed)} of {done} schedules without a lost, doubled or half-visible row;"
        f" slowest restart {slowest:.2f} s"
    )
    if failed:
        print(f"again: scripts/chaos --schedules 1 --seed {failed[0]} --scale {asked.scale} --keep")
    if failed and asked.keep:
        print(f"folders: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
