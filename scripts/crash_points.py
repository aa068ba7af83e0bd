"""A coordinator that dies or fails at the Nth change of a file; see `scripts/crash-points --help`."""

import argparse
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SYSTEM = Path(__file__).resolve().parents[1] / "Tests/System"
sys.path.insert(0, str(SYSTEM))

from harness import ENDED, Cluster, wait_until  # noqa: E402
from lake import catalog_rows  # noqa: E402
from oracle import Oracle  # noqa: E402

TABLE = "title_ratings"
# What a message says of an error; strerror(3).
TEXTS = {"ENOSPC": os.strerror(errno.ENOSPC), "EIO": os.strerror(errno.EIO)}
# What SQLite says of them; sqlite.org/rescode.html.
SQLITE_TEXTS = ("full", "disk I/O error", "unable to open", "readonly")


class Site:
    """One cluster's folder, put back to the same beginning before each trial: a loaded old table."""

    def __init__(self, otjob, folder, scale):
        self.folder = folder
        for name, seed in (("old", 1), ("new", 2)):
            command = [otjob, "sample", "--scale", str(scale), "--seed", str(seed)]
            subprocess.run([*command, "--out", folder / name], check=True, capture_output=True)
        self.input = folder / "new" / f"{TABLE.replace('_', '.', 1)}.tsv.gz"
        self.old, self.new = Oracle(folder / "old", [TABLE]), Oracle(folder / "new", [TABLE])
        self.cluster = Cluster(
            otjob,
            folder / "cluster",
            chunk="64KiB",
            heartbeat="200ms",
            lost_after="2s",
            # A disk that stays full ends a job after this.
            scheduler="queue_timeout: 5s",
        )
        self.library = folder / "faults.so"
        source = SYSTEM / "faults.c"
        compile = ["cc", "-O1", "-shared", "-fPIC", "-o", self.library, source, "-ldl"]
        subprocess.run(compile, check=True)
        self.flag, self.trace = folder / "fails", folder / "trace"
        self.cluster.up().load(TABLE, "--input", folder / "old")
        self.cluster.down()
        shutil.copytree(self.cluster.folder, folder / "template")

    def reset(self):
        shutil.rmtree(self.cluster.folder)
        shutil.copytree(self.folder / "template", self.cluster.folder)
        self.trace.unlink(missing_ok=True)

    def start(self, kind="kill", at=0, lasting=False):
        """A coordinator with the fault in it; returns when it serves or has ended."""
        environment = dict(
            self.cluster.environment,
            LD_PRELOAD=str(self.library),
            OTCLUSTER_FAULT_FOLDER=str(self.cluster.folder),
            OTCLUSTER_FAULT=str(getattr(errno, kind, kind)),
            OTCLUSTER_FAULT_AT=str(at),
            OTCLUSTER_FAULT_TRACE=str(self.trace),
        )
        if lasting:
            self.flag.touch()
            environment["OTCLUSTER_FAULT_WHILE"] = str(self.flag)
        with (self.folder / "coordinator.log").open("w") as log:
            process = subprocess.Popen(
                [self.cluster.otjob, "coordinator", "--config", self.cluster.config],
                env=environment,
                stdout=log,
                stderr=log,
            )
        answers = lambda: self.cluster.run("list", code=None).returncode == 0
        wait_until(lambda: process.poll() is not None or answers(), "the coordinator")
        return process

    def log(self):
        return (self.folder / "coordinator.log").read_text()

    def calls(self):
        """The calls that the last coordinator made, by name, without its library's paths."""
        lines = self.trace.read_text().splitlines() if self.trace.exists() else []
        return [line.split(" ", 2)[1] for line in lines]


class Trial:
    """One fault, at one call."""

    def __init__(self, site, kind, at, *, lasting=False, crash_first=None):
        self.site, self.cluster = site, site.cluster
        self.kind, self.at, self.lasting, self.crash_first = kind, at, lasting, crash_first
        self.problems = []

    def __str__(self):
        how = f"{self.kind} from call {self.at} on" if self.lasting else f"{self.kind} at call {self.at}"
        return how if self.crash_first is None else f"killed at call {self.crash_first}, then {how}"

    def run(self):
        """Whether the fault came to pass; what was wrong is in `problems`."""
        self.site.reset()
        process, job = None, None
        try:
            if self.crash_first is not None:
                process = self.site.start("kill", self.crash_first)
                job = self._submit()
                self._await_end(process, job)
                process.kill()
                process.wait()
                self.site.trace.unlink(missing_ok=True)
            process = self.site.start(self.kind, self.at, self.lasting)
            job = self._submit() or job
            status = self._await_end(process, job)
            if self.kind in ("kill", "torn"):
                return self._after_death(process, job)
            return self._after_error(process, job, status)
        except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")
            return True
        finally:
            self.site.flag.unlink(missing_ok=True)
            try:
                self.cluster.down()
            except (AssertionError, subprocess.SubprocessError) as error:
                self.problems.append(f"down: {error}")
            if process:
                process.wait(20)

    def _submit(self):
        """The job's id; None where the coordinator did not live to answer, or refused."""
        command = ["submit", TABLE, "--input", self.site.input, "--request-id", "once", "--json"]
        done = self.cluster.run(*command, code=None)
        return json.loads(done.stdout)["id"] if done.returncode == 0 else None

    def _await_end(self, process, job):
        """The job's status at its end; None where the coordinator ended first."""

        def ended():
            if process.poll() is not None:
                return "dead"
            done = self.cluster.run("status", job, "--json", code=None) if job else None
            if done is None or not done.stdout:
                return None if job else "no job"
            status = json.loads(done.stdout)
            return status if status["state"] in ENDED else None

        found = wait_until(ended, f"end of job {job}", 60)
        return found if isinstance(found, dict) else None

    def _after_death(self, process, job):
        if process.poll() is None:
            # It lived through the job: its end has calls, too.
            self.cluster.run("down", "--config", self.cluster.config, code=None)
        died = process.wait(20) < 0
        self.cluster.up()
        known = {status["id"] for status in self.cluster.json("list")}
        if job is not None and job not in known:
            self.problems.append(f"job {job} was answered and is lost")
        again = self._submit()
        if job is not None and again != job:
            self.problems.append(f"the same request gave job {again} after job {job}")
        status = self.cluster.wait(again, 60)
        if status["state"] != "DONE":
            self.problems.append(f"ended {status['state']}: {status['reason']}")
        self._check_tables()
        return died

    def _after_error(self, process, job, status):
        happened = len(self.site.calls()) >= self.at
        if process.poll() is not None:
            # A coordinator may refuse to start on such a disk, if it says why.
            if "serves http" in self.site.log():
                self.problems.append(f"the coordinator ended: {self.site.log()[-300:]}")
            elif not explains(self.site.log()):
                self.problems.append(f"no start, and no reason: {self.site.log()[-300:]}")
            self.site.flag.unlink(missing_ok=True)
            self.cluster.up()
        elif status and status["state"] == "ERROR" and not explains(status["reason"] or ""):
            self.problems.append(f"the reason does not say it: {status['reason']}")
        self.site.flag.unlink(missing_ok=True)
        later = self.cluster.wait(self.cluster.submit(TABLE, "--input", self.site.input), 60)
        if later["state"] != "DONE":
            self.problems.append(f"the next job ended {later['state']}: {later['reason']}")
        if self.kind == "EIO":
            # A file that could not be removed goes with the next start.
            self.cluster.down()
            self.cluster.up()
        # Left to the hourly sweep: where a commit's outcome is unknown nothing may be deleted, and
        # where every call fails nothing can be.
        is_unknown = status is not None and "not known whether" in (status["reason"] or "")
        cannot = self.kind == "EIO" and self.lasting
        self._check_tables(orphans=None if is_unknown or cannot else 0)
        return happened

    def _check_tables(self, orphans=None):
        self.problems += self.site.new.problems(self.cluster.catalog)
        left = [p.name for p in (self.cluster.state / "spool").glob("*")]
        if left:
            self.problems.append(f"left in the spool: {', '.join(left)}")
        named = {
            Path(path).name for path, in catalog_rows(
                self.cluster.catalog, "SELECT path FROM ducklake_data_file"
            )
        }
        unnamed = [p.name for p in self.cluster.store.rglob("*parquet*") if p.name not in named]
        if orphans is not None and len(unnamed) > orphans:
            self.problems.append(f"no version names {', '.join(unnamed)}")


def explains(text):
    return any(word in text for word in (*TEXTS.values(), *SQLITE_TEXTS))


def points(total, count, seed):
    """Call numbers to fail at: all of them, or so many spread evenly, others for each seed."""
    if count is None or count >= total:
        return list(range(1, total + 1))
    step = total / count
    offset = random.Random(seed).random()
    return sorted({min(total, int((index + offset) * step) + 1) for index in range(count)})


MODES = {
    "kill": dict(kind="kill"),
    "torn": dict(kind="torn"),
    "recovery": dict(kind="kill", crash_first=0.6),
    "full-once": dict(kind="ENOSPC"),
    "full": dict(kind="ENOSPC", lasting=True),
    "fault-once": dict(kind="EIO"),
    "fault": dict(kind="EIO", lasting=True),
}


def measure(site):
    """The calls of one coordinator from its start over one load to its end."""
    site.reset()
    process = site.start()
    site.cluster.load(TABLE, "--input", site.input)
    site.cluster.down()
    process.wait(20)
    return site.calls()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otjob", type=Path, required=True)
    parser.add_argument("--points", type=int, help="calls to fail at in each mode; all")
    parser.add_argument("--at", type=int, help="this call alone")
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.0005)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="otcluster-crash-"))
    site = Site(asked.otjob.resolve(), folder, asked.scale)
    calls = measure(site)
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(Counter(calls).items()))
    print(f"{len(calls)} calls from start to end of a load: {kinds}", flush=True)
    bad = 0
    for name in asked.mode or MODES:
        options = dict(MODES[name])
        if share := options.get("crash_first"):
            options["crash_first"] = int(share * len(calls))
        numbers = [asked.at] if asked.at else points(len(calls), asked.points, asked.seed)
        begin, happened, failed = time.monotonic(), 0, 0
        for at in numbers:
            trial = Trial(site, at=at, **options)
            happened += trial.run()
            failed += bool(trial.problems)
            for problem in trial.problems:
                print(f"{name}: {trial}: {problem}", flush=True)
        bad += failed
        print(
            f"{name}: {len(numbers)} calls tried, {happened} of them reached, {failed} failed,"
            f" {time.monotonic() - begin:.0f} s",
            flush=True,
        )
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
