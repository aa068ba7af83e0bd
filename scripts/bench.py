"""Loads one sample again and again, in turn with a yardstick, and prints medians and ratios.

Called by scripts/bench, which see. A single run differs from the next by several per cent, and a
busy machine slows everything: so the contestants take turns in one run, and medians are compared.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def finish(command, environment=None):
    """Runs a command to its end; CPU seconds of it and of the children it waited for."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode:
            told = errors.read()[-500:].decode(errors="replace")
            sys.exit(f"bench: {command[0]} ended with {process.returncode}: {told}")
    return usage.ru_utime + usage.ru_stime


def cpu_seconds(pid):
    """CPU seconds a live process has used so far: proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_with_cluster(otjob, data, workers):
    """From nothing to seven tables and back to nothing: (wall seconds, CPU seconds)."""
    folder = Path(tempfile.mkdtemp(prefix="otjob-bench."))
    http = free_port()
    environment = dict(os.environ, OTJOB_COORDINATOR=f"http://127.0.0.1:{http}")
    config = folder / "cluster.yaml"
    config.write_text(f"""listen: {{workers: "127.0.0.1:{free_port()}", http: "127.0.0.1:{http}"}}
state: {folder}/state
storage: {{raw: {folder}/raw, tables: {folder}/store, archive: {folder}/archive}}
pools:
  - name: zone-a
    provider: process
    workers: {workers}
    min_workers: {workers}
    max_workers: {workers}
    acquire_timeout: 30s
""")
    begin = time.monotonic()
    try:
        cpu = finish([otjob, "up", "--config", str(config)], environment)
        cpu += finish([otjob, "submit", "imdb", "--input", str(data), "--wait"], environment)
        listed = subprocess.check_output([otjob, "workers", "--json"], env=environment)
        pids = [worker["pid"] for worker in json.loads(listed)]
        pids.append(int((folder / "state/coordinator.pid").read_text()))
        cpu += sum(cpu_seconds(pid) for pid in pids)
    finally:
        cpu_of_down = finish([otjob, "down", "--config", str(config)], environment)
        shutil.rmtree(folder, ignore_errors=True)
    return time.monotonic() - begin, cpu + cpu_of_down


def load_with_polars(data):
    with tempfile.TemporaryDirectory(prefix="polars-bench.") as folder:
        begin = time.monotonic()
        program = Path(__file__).with_name("bench_polars.py")
        cpu = finish([sys.executable, str(program), str(data), folder])
        return time.monotonic() - begin, cpu


def make_sample(otjob, folder, scale):
    data = folder / f"sample-{scale}"
    if not (data / "complete").exists():
        subprocess.check_call([otjob, "sample", "--scale", str(scale), "--out", str(data)])
        (data / "complete").touch()
    return data


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--otjob", required=True)
    parser.add_argument("--data", type=Path, required=True, help="where samples are kept")
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--against", help="another otjob, for a change's before and after")
    options = parser.parse_args()
    data = make_sample(options.otjob, options.data, options.scale)

    contestants = {"otjob": lambda: load_with_cluster(options.otjob, data, options.workers)}
    if options.against:
        other = str(Path(options.against).resolve())
        contestants["other otjob"] = lambda: load_with_cluster(other, data, options.workers)
    contestants["polars"] = lambda: load_with_polars(data)
    runs = {name: [] for name in contestants}
    for _ in range(options.runs):
        for name, load in contestants.items():
            runs[name].append(load())

    compressed = sum(file.stat().st_size for file in data.glob("*.gz")) / 2**20
    print(
        f"scale {options.scale}, {compressed:.0f} MiB gzipped, {options.workers} workers,"
        f" {os.cpu_count()} processors, medians of {options.runs} runs in turn"
    )
    print(f"{'':12}{'wall s':>9}{'least':>9}{'most':>9}{'CPU s':>9}{'otjob takes':>20}")
    medians = {n: [statistics.median(c) for c in zip(*r)] for n, r in runs.items()}
    for name, (wall, cpu) in medians.items():
        walls = [run[0] for run in runs[name]]
        ratios = f"{medians['otjob'][0] / wall:.2f} wall, {medians['otjob'][1] / cpu:.2f} CPU"
        print(f"{name:12}{wall:9.2f}{min(walls):9.2f}{max(walls):9.2f}{cpu:9.2f}{ratios:>20}")


if __name__ == "__main__":
    main()
