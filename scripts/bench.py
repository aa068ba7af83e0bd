"""Measures the program and prints figures beside those of the release before.

Called by scripts/bench, which see. A single run differs from the next by several per cent, and a
busy machine slows everything: figures are medians, what is compared with another program takes turns
with it, and the report says on what machine, from what input and by what command it was made.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from bench_cluster import Cluster, cpu_seconds, cpu_times, finish

ROOT = Path(__file__).resolve().parent.parent
STORED = ROOT / "docs/figures"
RACE_SCALE = 0.05
SIZES = (0.01, 0.1, 0.3)
INDEX_SCALE = 0.1
MANY_WORKERS = 64


class Figures:
    """Medians by name, each with its unit, what is to be reached, and its runs."""

    def __init__(self):
        self.rows = {}

    def add(self, name, unit, runs, bound=None):
        runs = list(runs)
        self.rows[name] = {"value": statistics.median(runs), "unit": unit, "runs": runs}
        if bound:
            self.rows[name]["bound"] = bound

    def value(self, name):
        return self.rows[name]["value"]


def is_met(row):
    """Whether a figure keeps to its bound, `<= 300` or `>= 20000`; None where there is none."""
    if "bound" not in row:
        return None
    sign, bound = row["bound"].split()
    return row["value"] <= float(bound) if sign == "<=" else row["value"] >= float(bound)


# Parts


def parts(options, figures):
    """Each benchmark of Sources/Benchmarks."""
    output, _, _ = finish([options.micro, "--runs", options.runs])
    for line in output.splitlines():
        found = json.loads(line)
        if found["unit"] == "byte":
            name, unit, runs = found["name"], "GB/s", [1 / run for run in found["runs"]]
        else:
            name, unit, runs = found["name"], f"ns per {found['unit']}", found["runs"]
        bound = "<= 5000" if found["unit"] == "decision" else None
        if name == "scheduler.round-trip":
            bound = "<= 1000000"
        figures.add(name, unit, runs, bound)
    # Rates: what is twice as fast costs half as much.
    ratio = figures.value("gzip.cut") / figures.value("gzip.cut-and-index")
    figures.add("index: time of a first pass that leaves one", "x", [ratio])


def start(options, figures):
    """From `otjob up` on nothing to the end of a first task."""
    ready, first = [], []
    for _ in range(options.runs):
        begin = time.monotonic()
        with Cluster(options.otjob).up() as cluster:
            ready.append(1000 * (time.monotonic() - begin))
            cluster.selftest(1)
            first.append(1000 * (time.monotonic() - begin))
    figures.add("start: up to ready", "ms", ready)
    figures.add("start: up to the end of the first task", "ms", first, "<= 300")


def tasks(options, figures):
    """Tasks without data, with results that are durable before they count."""
    count, rates, trips = 20_000, [], []
    with Cluster(options.otjob).up() as cluster:
        for _ in range(options.runs):
            rates.append(count / seconds_of(cluster.selftest(count)))
        for _ in range(4 * options.runs):
            [attempt] = cluster.attempts(cluster.selftest(1)["id"])
            trips.append(1000 * between(attempt["started"], attempt["ended"]))
    figures.add(f"tasks: {count} through 2 workers", "a second", rates, ">= 20000")
    figures.add("tasks: one, from its lease to its synced end", "ms", trips, "<= 3")


def sizes(options, figures):
    """Whole loads of samples of several sizes, each on a cluster of its own."""
    for scale in SIZES:
        data = sample(options, scale)
        mib = gzipped_mib(data)
        walls, cpus, peaks = [], [], []
        for _ in range(options.runs):
            with Cluster(options.otjob).up() as cluster:
                status, _ = cluster.load(data)
                walls.append(1000 * seconds_of(status) / mib)
                cpus.append(1000 * sum(map(cpu_seconds, cluster.daemons())) / mib)
                peaks.append(cluster.peak_mib())
        figures.add(f"sizes: scale {scale}, time a MiB gzipped", "ms", walls)
        figures.add(f"sizes: scale {scale}, CPU a MiB gzipped", "ms", cpus)
        figures.add(f"sizes: scale {scale}, peak memory", "MiB", peaks, "<= 400")
    for what, limit in (("time a MiB gzipped", 1.15), ("peak memory", 1.2)):
        least, most = (f"sizes: scale {scale}, {what}" for scale in SIZES[1:])
        ratio = figures.value(most) / figures.value(least)
        figures.add(f"sizes: {what}, {SIZES[2]} against {SIZES[1]}", "x", [ratio], f"<= {limit}")


def index(options, figures):
    """Second loads by the split indexes of the first."""
    data = sample(options, INDEX_SCALE)
    compressed = gzipped_mib(data) * 2**20
    for workers in (2, MANY_WORKERS):
        shares, user_shares, sent = [], [], []
        with Cluster(options.otjob, workers).up() as cluster:
            cluster.load(data)
            for _ in range(options.runs):
                before = [cpu_times(pid) for pid in cluster.daemons()]
                bytes_before = cluster.sent_to_workers()
                cluster.load(data)
                after = [cpu_times(pid) for pid in cluster.daemons()]
                used = [(sum(end) - sum(begin)) for begin, end in zip(before, after)]
                shares.append(100 * used[0] / sum(used))
                user_shares.append(100 * (after[0][0] - before[0][0]) / sum(used))
                sent.append((cluster.sent_to_workers() - bytes_before) / compressed)
        name = f"index: second load, {workers} workers"
        figures.add(f"{name}, the coordinator's share of the CPU", "%", shares, "<= 5")
        figures.add(f"{name}, of it outside of the kernel", "%", user_shares)
        figures.add(f"{name}, sent to workers / compressed size", "x", sent, "<= 1.1")


def race(options):
    """Loads in turn with Polars doing the same work, and with another otjob; prints a table."""
    data = sample(options, RACE_SCALE)
    contestants = {"otjob": lambda: race_cluster(options.otjob, data)}
    if options.against:
        other = str(Path(options.against).resolve())
        contestants["other otjob"] = lambda: race_cluster(other, data)
    contestants["polars"] = lambda: race_polars(data)
    runs = {name: [] for name in contestants}
    for _ in range(options.runs):
        for name, load in contestants.items():
            runs[name].append(load())
    print(f"\nscale {RACE_SCALE}, {gzipped_mib(data):.0f} MiB gzipped, from nothing, in turn\n")
    print(f"{'':12}{'wall s':>9}{'least':>9}{'most':>9}{'CPU s':>9}{'otjob takes':>20}")
    medians = {n: [statistics.median(c) for c in zip(*r)] for n, r in runs.items()}
    for name, (wall, cpu) in medians.items():
        walls = [run[0] for run in runs[name]]
        ratios = f"{medians['otjob'][0] / wall:.2f} wall, {medians['otjob'][1] / cpu:.2f} CPU"
        print(f"{name:12}{wall:9.2f}{min(walls):9.2f}{max(walls):9.2f}{cpu:9.2f}{ratios:>20}")


def race_cluster(otjob, data):
    """From nothing to seven tables and back to nothing: (wall seconds, CPU seconds)."""
    begin = time.monotonic()
    with Cluster(otjob).up() as cluster:
        cluster.load(data)
        cpu = sum(map(cpu_seconds, cluster.daemons()))
    return time.monotonic() - begin, cpu + cluster.client_cpu


def race_polars(data):
    with tempfile.TemporaryDirectory(prefix="polars-bench.") as folder:
        begin = time.monotonic()
        program = Path(__file__).with_name("bench_polars.py")
        _, cpu, _ = finish([sys.executable, program, data, folder])
        return time.monotonic() - begin, cpu


PARTS = {"parts": parts, "start": start, "tasks": tasks, "sizes": sizes, "index": index}


# Inputs and times


def sample(options, scale):
    data = options.data / f"sample-{scale}"
    if not (data / "complete").exists():
        finish([options.otjob, "sample", "--scale", scale, "--out", data])
        (data / "complete").touch()
    return data


def gzipped_mib(data):
    return sum(file.stat().st_size for file in data.glob("*.gz")) / 2**20


def between(start, end):
    """Seconds from one RFC 3339 time to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def seconds_of(status):
    if status["state"] != "DONE":
        sys.exit(f"bench: job {status['id']} ended {status['state']}: {status['reason']}")
    return between(status["started"], status["ended"])


# The report


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    return (
        f"{os.cpu_count()} processors ({cpu[1] if cpu else 'unknown'}),"
        f" {int(memory[1]) >> 20 if memory else 0} GiB, {system[1] if system else 'Linux'},"
        f" Linux {os.uname().release.split('-')[0]}"
    )


def version(otjob):
    output, _, _ = finish([otjob, "version", "--json"])
    return json.loads(output)["client"]["version"]


def last_release(folder, current):
    """The figures that are stored of the newest version, of another one where there is one."""

    def order(path):
        return [int(number) for number in re.findall(r"\d+", path.stem)]

    stored = sorted(folder.glob("*.json"), key=order)
    others = [path for path in stored if path.stem != current]
    chosen = (others or stored)[-1:]
    return json.loads(chosen[0].read_text()) if chosen else None


def save(figures, about):
    """Keeps the figures of this version, beside those of parts that were not measured now."""
    STORED.mkdir(exist_ok=True)
    path = STORED / f"{about['version']}.json"
    known = json.loads(path.read_text())["figures"] if path.exists() else {}
    rows = {**known, **figures.rows}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    path.write_text(f'{{"about": {json.dumps(about)},\n "figures": {{\n{lines}\n }}}}\n')


def report(figures, release, about):
    """The figures as a table of Markdown, under how they were made."""
    lines = [f"- {key}: {value}" for key, value in about.items()]
    known = release["figures"] if release else {}
    heading = f"release {release['about']['version']}" if release else "release before"
    lines += ["", f"| what | figure | unit | to reach | {heading} | ratio |"]
    lines += ["|---|---:|---|---|---:|---:|"]
    for name, row in figures.rows.items():
        bound = row.get("bound", "")
        if is_met(row) is False:
            bound += " (missed)"
        old = known.get(name)
        before = [written(old["value"]), f"{row['value'] / old['value']:.2f}"] if old else ["", ""]
        cells = [name, written(row["value"]), row["unit"], bound, *before]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def written(value):
    """Three digits that count, and none lost of a large number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join([*PARTS, "race"]))
    parser.add_argument("--otjob", required=True)
    parser.add_argument("--micro", required=True, help="the program Bench")
    parser.add_argument("--data", type=Path, required=True, help="where samples are kept")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--against", help="another otjob, for a change's before and after")
    parser.add_argument("--save", action="store_true", help="keep the figures of this version")
    options = parser.parse_args()
    chosen = options.parts or list(PARTS)
    if unknown := set(chosen) - {*PARTS, "race"}:
        parser.error(f"{unknown.pop()} is no part")
    figures = Figures()
    for name, measure in PARTS.items():
        if name in chosen:
            measure(options, figures)
    about = {
        "version": version(options.otjob),
        "machine": machine(),
        "input": "otjob sample, seed 1",
        "command": " ".join(["scripts/bench", *sys.argv[sys.argv.index("--data") + 2 :]]),
        "runs": options.runs,
    }
    if figures.rows:
        print(report(figures, last_release(STORED, about["version"]), about))
    if "race" in chosen:
        race(options)
    if options.save:
        save(figures, about)


if __name__ == "__main__":
    main()
