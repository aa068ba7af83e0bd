"""A cluster of the built program from nothing, for measurements: what its processes use."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def finish(command, environment=None):
    """Runs a command to its end: its output, CPU seconds and peak MiB, those of its children too."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(word) for word in command], env=environment, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            told = errors.read()[-500:].decode(errors="replace")
            sys.exit(f"bench: {command[0]} ended with {process.returncode}: {told}")
        return output.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def cpu_times(pid):
    """CPU seconds of a live process so far, outside of the kernel and in it: proc(5), stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return tuple(int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13])


def cpu_seconds(pid):
    return sum(cpu_times(pid))


def peak_mib(pid):
    """The most memory a live process ever had resident: VmHWM in proc(5)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) / 1024


class Cluster:
    """From `up` to `down` in folders of its own, which go with it."""

    def __init__(self, otjob, workers=2):
        self.otjob = otjob
        self.folder = Path(tempfile.mkdtemp(prefix="otjob-bench."))
        self.worker_port, http = free_port(), free_port()
        self.environment = dict(os.environ, OTJOB_COORDINATOR=f"http://127.0.0.1:{http}")
        self.config = self.folder / "cluster.yaml"
        self.config.write_text(f"""listen:
  workers: "127.0.0.1:{self.worker_port}"
  http: "127.0.0.1:{http}"
state: {self.folder}/state
storage: {{raw: {self.folder}/raw, tables: {self.folder}/store, archive: {self.folder}/archive}}
pools:
  - name: zone-a
    provider: process
    workers: {workers}
    min_workers: {workers}
    max_workers: {workers}
    acquire_timeout: 60s
""")
        # What the commands have used, and the most that one of them had resident.
        self.client_cpu, self.client_peak = 0.0, 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call("down", "--config", self.config)
        shutil.rmtree(self.folder, ignore_errors=True)

    def up(self):
        self.call("up", "--config", self.config)
        return self

    def call(self, *arguments):
        output, cpu, peak = finish([self.otjob, *arguments], self.environment)
        self.client_cpu += cpu
        self.client_peak = max(self.client_peak, peak)
        return output

    def json(self, *arguments):
        return json.loads(self.call(*arguments, "--json"))

    def load(self, data):
        """Loads all seven tables; the status of the job, and the seconds that took."""
        begin = time.monotonic()
        status = self.json("submit", "imdb", "--input", data, "--wait")
        return status, time.monotonic() - begin

    def selftest(self, tasks):
        return self.json("submit", "selftest", "--set", f"tasks={tasks}", "--wait")

    def attempts(self, job):
        url = f"{self.environment['OTJOB_COORDINATOR']}/api/jobs/{job}/attempts"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["attempts"]

    def coordinator(self):
        return int((self.folder / "state/coordinator.pid").read_text())

    def workers(self):
        return [worker["pid"] for worker in self.json("workers") if worker["state"] == "READY"]

    def daemons(self):
        """The process ids of the coordinator and of its workers, the coordinator's first."""
        return [self.coordinator(), *self.workers()]

    def peak_mib(self):
        """Of all processes added up; of the commands the largest."""
        return sum(map(peak_mib, self.daemons())) + self.client_peak

    def sent_to_workers(self):
        """Bytes that the coordinator has sent on the connections of its workers."""
        told = subprocess.check_output(
            ["ss", "-tinH", "state", "established", f"sport = :{self.worker_port}"], text=True
        )
        return sum(int(count) for count in re.findall(r"bytes_sent:(\d+)", told))
