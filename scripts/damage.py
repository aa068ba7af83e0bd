"""Damaged inputs through a real cluster: no wrong table; see `scripts/damage --help`."""

import argparse
import gzip
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/System"))

from harness import Cluster  # noqa: E402
from lake import Lake, catalog_rows  # noqa: E402
from oracle import Oracle  # noqa: E402

BYTE = re.compile(r"byte\D{0,20}\d|\d\D{0,20}byte|offset\D{0,5}\d")


class Damage:
    """One flipped bit or one cut in one of the seven files, fixed by its number."""

    def __init__(self, number, kind, tables, originals):
        choose = random.Random(f"{kind} {number}")
        self.number, self.kind = number, kind
        self.table = tables[number % len(tables)]
        data = originals[self.table]
        self.is_split = choose.random() < 0.3
        if self.is_split:
            # As pigz and bgzip write: several members, one behind the other.
            text = gzip.decompress(data)
            ends = sorted(choose.randrange(len(text)) for _ in range(choose.randint(1, 3)))
            bounds = zip([0, *ends], [*ends, len(text)])
            data = b"".join(gzip.compress(text[a:b], 6, mtime=0) for a, b in bounds)
        # A quarter each falls into the header's and the trailer's neighbourhood.
        near = [choose.randrange(24), len(data) - 1 - choose.randrange(24)]
        self.place = choose.choice([*near, choose.randrange(len(data)), choose.randrange(len(data))])
        self.bit = choose.randrange(8)
        if kind == "cut":
            self.data = data[: self.place]
        else:
            flipped = data[self.place] ^ 1 << self.bit
            self.data = data[: self.place] + bytes([flipped]) + data[self.place + 1 :]

    def __str__(self):
        what = f"cut at byte {self.place}" if self.kind == "cut" else (
            f"bit {self.bit} of byte {self.place} flipped"
        )
        members = ", several members" if self.is_split else ""
        return f"{self.kind} {self.number}: {self.table}, {what}{members}"


class Trial:
    """Loads damaged files into tables that hold other rows, and looks at what became of them."""

    def __init__(self, cluster, old, new, folder):
        self.cluster, self.folder = cluster, folder
        self.current, self.new = dict(old.prints), new.prints

    def run(self, damage):
        """What became of it, and what is wrong with that, if anything."""
        path = self.folder / f"{damage.table.replace('_', '.', 1)}.tsv.gz"
        path.write_bytes(damage.data)
        before = self._snapshot()
        answer = self.cluster.json(
            "submit", damage.table, "--input", path, "--wait", code=None
        )
        if answer["state"] == "DONE":
            found = self._print(damage.table)
            if found != self.new[damage.table]:
                return "wrong", f"the table has {found[0]} rows, or other ones"
            self.current[damage.table] = found
            return "harmless", None
        if self._snapshot() != before:
            return "wrong", f"{answer['state']}, but the store has changed"
        reason = answer["reason"] or ""
        if path.name in reason and BYTE.search(reason):
            return "refused with file and byte", None
        return "unexplained", f"the reason names neither place nor rule: {reason}"

    def reload(self, table, sample):
        """Puts the old rows back, so that the next load can be told from none."""
        self.cluster.load(table, "--input", sample)
        self.current[table] = self._print(table)

    def _snapshot(self):
        sql = "SELECT max(snapshot_id) FROM ducklake_snapshot"
        return catalog_rows(self.cluster.catalog, sql)[0][0]

    def _print(self, table):
        with Lake(self.cluster.catalog) as lake:
            return lake.fingerprint(table)

    def problems(self):
        """Tables that are not what the last good load made of them."""
        with Lake(self.cluster.catalog) as lake:
            found = {table: lake.fingerprint(table) for table in self.current}
        return [f"{t} is not what it was" for t in found if found[t] != self.current[t]]


def damages(asked, tables, originals):
    for kind, count in (("flip", asked.flips), ("cut", asked.cuts)):
        for number in range(asked.first, asked.first + count):
            yield Damage(number, kind, tables, originals)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otjob", type=Path, required=True)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scale", type=float, default=0.0005)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="otcluster-damage-"))
    for name, seed in (("old", 1), ("new", 2)):
        subprocess.run(
            [asked.otjob.resolve(), "sample", "--scale", str(asked.scale), "--seed", str(seed)]
            + ["--out", folder / name],
            check=True,
            capture_output=True,
        )
    old, new = Oracle(folder / "old"), Oracle(folder / "new")
    tables = sorted(new.prints)
    originals = {
        t: (folder / "new" / f"{t.replace('_', '.', 1)}.tsv.gz").read_bytes() for t in tables
    }
    print(f"{sum(map(len, originals.values()))} bytes in {len(tables)} files", flush=True)
    cluster = Cluster(asked.otjob.resolve(), folder / "cluster", chunk="64KiB")
    counts, bad = Counter(), 0
    try:
        cluster.up().load("imdb", "--input", folder / "old")
        trial = Trial(cluster, old, new, folder)
        for done, damage in enumerate(damages(asked, tables, originals), 1):
            outcome, problem = trial.run(damage)
            counts[damage.kind, outcome] += 1
            if problem:
                bad += 1
                print(f"{damage}: {problem}", flush=True)
            if outcome == "harmless":
                trial.reload(damage.table, folder / "old")
            if done % 250 == 0:
                assert not (problems := trial.problems()), problems
                print(f"{done} done", flush=True)
        assert not (problems := trial.problems()), problems
    finally:
        cluster.down()
    shutil.rmtree(folder, ignore_errors=True)
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{count} of {kind}: {outcome}")
    print(f"{counts['flip', 'wrong'] + counts['cut', 'wrong']} wrong tables")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
