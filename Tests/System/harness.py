"""Drives a whole cluster of the built program from outside, as a user's script would.

Nothing here knows how the program works inside: it runs `otjob`, reads the JSON that product
documents promise, and looks at processes through /proc. Every wait has an end.
"""

import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ENDED = ("DONE", "ERROR", "CANCELLED")
# Far above what anything here takes on an idle machine; a test that needs it has hung.
PATIENCE_SECONDS = 120

DONE, FAILED, WRONG_USAGE, UNREACHABLE, CANCELLED = 0, 1, 2, 3, 4


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what, seconds=PATIENCE_SECONDS):
    """Polls until the condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return value


def process_pool(name, workers):
    """A pool of workers that the coordinator starts itself, as cluster.yaml has it."""
    return (
        f"{{name: {name}, provider: process, workers: {workers}, min_workers: 1,"
        " max_workers: 8, acquire_timeout: 30s}"
    )


def static_pool(name):
    """A pool whose workers join by themselves."""
    return f"{{name: {name}, provider: static, min_workers: 1, acquire_timeout: 60s}}"


def recipe_pool(name):
    """The pool of examples/pools/NAME.yaml, without its comments, as an element of `pools:`."""
    path = Path(__file__).resolve().parents[2] / f"examples/pools/{name}.yaml"
    text = path.read_text().split("pools:\n", 1)[1]
    assert text.startswith("  - ")
    return re.sub(r"^    #.*\n", "", text[4:], flags=re.M)


class Cluster:
    """One coordinator and its workers, with folders and ports of their own."""

    def __init__(
        self,
        otjob,
        folder,
        *,
        workers=2,
        chunk="16MiB",
        pools=None,
        jobs=None,
        heartbeat="500ms",
        lost_after="5s",
        state=None,
        store=None,
        scheduler=None,
        more=(),
        prefix=(),
    ):
        # What every command begins with, where it runs elsewhere.
        self.prefix = prefix
        self.otjob, self.folder = str(otjob), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.worker_port, self.http_port = free_port(), free_port()
        self.config = self.folder / "cluster.yaml"
        self.state = Path(state or self.folder / "state")
        self.store = Path(store or self.folder / "store")
        self.catalog = self.store / "catalog.sqlite"
        # The folder with token and certificates of a cluster that has them.
        self.security = None
        settings = [f"chunk: {chunk}", f"heartbeat: {heartbeat}", f"lost_after: {lost_after}"]
        if scheduler:
            settings.append(scheduler)
        lines = [
            "cluster: test",
            f'listen: {{workers: "127.0.0.1:{self.worker_port}",'
            f' http: "127.0.0.1:{self.http_port}"}}',
            f"state: {self.state}",
            f"storage: {{raw: {self.folder}/raw, tables: {self.store},"
            f" archive: {self.folder}/archive}}",
            "pools:",
            *(f"  - {pool}" for pool in pools or [process_pool("zone-a", workers)]),
            f"scheduler: {{{', '.join(settings)}}}",
        ]
        if jobs:
            lines.append(f"jobs: [{jobs}]")
        lines += more
        self.config.write_text("\n".join(lines) + "\n")
        self.environment = dict(
            os.environ, OTJOB_COORDINATOR=f"http://127.0.0.1:{self.http_port}", NO_COLOR="1"
        )

    # Commands

    def run(self, *arguments, code=DONE, timeout=PATIENCE_SECONDS, prefix=None):
        """Runs one command, checks its exit code (None: any), returns what it printed and told."""
        command = [self.otjob, *map(str, arguments)]
        done = subprocess.run(
            [*(self.prefix if prefix is None else prefix), *command],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert code in (None, done.returncode), (
            f"{' '.join(command[1:])} ended with {done.returncode}, not {code}:"
            f" {done.stderr[-2000:]}{done.stdout[-1000:]}"
        )
        return done

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "--json", **options).stdout)

    def up(self):
        self.run("up", "--config", self.config)
        return self

    def down(self):
        """Takes the cluster down and fails when any process of it is left; none survives that."""
        try:
            self.run("down", "--config", self.config)
            wait_until(lambda: not self.processes(), "end of all processes", 10)
        finally:
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    # Jobs

    def submit(self, *arguments):
        return self.json("submit", *arguments)["id"]

    def status(self, job):
        return self.json("status", job)

    def wait(self, job, seconds=PATIENCE_SECONDS):
        def ended():
            status = self.status(job)
            return status if status["state"] in ENDED else None

        return wait_until(ended, f"end of job {job}", seconds)

    def load(self, *arguments):
        """Submits, waits, and returns the status of a job that must be done."""
        status = self.wait(self.submit(*arguments))
        assert status["state"] == "DONE", f"{status['state']}: {status['reason']}"
        return status

    def failure(self, *arguments):
        """Submits, waits, and returns the reason of a job that must fail."""
        status = self.wait(self.submit(*arguments))
        assert status["state"] == "ERROR", status
        assert status["reason"], status
        return status["reason"]

    # Processes

    def coordinator_pid(self):
        return int((self.state / "coordinator.pid").read_text())

    def worker_pids(self):
        """Process ids of the workers that are healthy now."""
        return [w["pid"] for w in self.json("workers") if w["state"] in ("READY", "DRAINING")]

    def processes(self):
        """Live processes whose command line or environment names this cluster's folder or ports."""
        marks = [os.fsencode(self.folder)]
        marks += [b"127.0.0.1:%d" % port for port in (self.worker_port, self.http_port)]
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and int(entry.name) != os.getpid() and any(m in told for m in marks):
                found.append(int(entry.name))
        return found


def loads(status):
    """The steps of a job that load tables, without the actions of a workflow."""
    return [step for step in status["steps"] if step["kind"] == "load"]


def cpu_seconds(pid):
    """CPU seconds of a live process: proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory_mib(pid):
    """The most memory a live process ever had resident: VmHWM in proc(5)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) / 1024


def forget_peak_memory(pid):
    """Lets `peak_memory_mib` begin anew: clear_refs in proc(5)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


# Inputs


def column(name, type="string", **more):
    return {"name": name, "type": type, **more}


def comma_list(name):
    return column(name, "list<string>", separator=",")


def json_list(name):
    return column(name, "list<string>", format="json")


def job_file(folder, name, columns, **more):
    """Writes a user's job file. JSON is YAML, so no quoting rules of our own are needed."""
    document = {
        "job": name,
        "input": f"{name}.tsv.gz",
        "format": {"kind": "tsv", "null": "\\N", "header": True},
        "table": name,
        "columns": columns,
        "write": "replace",
        **more,
    }
    path = Path(folder) / f"{name}.yaml"
    path.write_text(json.dumps(document, indent=1))
    return path


def write_gzip(path, data):
    """Writes text or bytes as one gzip member; returns the path."""
    data = data.encode() if isinstance(data, str) else data
    Path(path).write_bytes(gzip.compress(data, 6, mtime=0))
    return Path(path)


def tsv(header, rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in [header, *rows])


def can_unshare():
    """Whether this user may have mounts of its own."""
    if not shutil.which("unshare"):
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(probe, capture_output=True).returncode == 0
