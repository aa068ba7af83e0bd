"""What the tables must be: rows of the input, and a reader that never sees less than all of them."""

import threading
import time

import duckdb
import pyarrow

import reference
from lake import Lake

ARROW = {
    reference.STRING: pyarrow.string(),
    reference.INT32: pyarrow.int32(),
    reference.FLOAT64: pyarrow.float64(),
    reference.BOOLEAN: pyarrow.bool_(),
    reference.COMMA: pyarrow.list_(pyarrow.string()),
    reference.STX: pyarrow.list_(pyarrow.string()),
    reference.JSON: pyarrow.list_(pyarrow.string()),
}


class Oracle:
    """Row counts and order-free hashes of the tables that a folder of input files must become."""

    def __init__(self, folder, names=tuple(reference.DATASETS)):
        self.prints = {}
        with duckdb.connect() as connection:
            for name in names:
                table = reference.Table(folder, name)
                columns = zip(table.columns.items(), zip(*table.rows))
                expected = pyarrow.table(
                    {name: pyarrow.array(values, ARROW[kind]) for (name, kind), values in columns}
                )
                connection.register("expected", expected)
                sql = "SELECT count(*), sum(hash(t)::HUGEINT) FROM expected t"
                self.prints[name] = connection.execute(sql).fetchone()

    def problems(self, catalog):
        """Each table that is not the input, row by row."""
        with Lake(catalog) as lake:
            found = {name: lake.fingerprint(name) for name in self.prints}
        return [
            f"{name} has {count} rows of {self.prints[name][0]}, or other ones"
            for name, (count, hash) in found.items()
            if (count, hash) != self.prints[name]
        ]


class Watcher(threading.Thread):
    """Reads all tables again and again: each is absent or whole, and one once seen stays."""

    # A reader that may not write has to wait where a coordinator holds the catalog, or was killed
    # while it did: then the catalog's journal is rolled back by the next coordinator only.
    PASSING = ("locked", "readonly database")

    def __init__(self, oracle, catalog):
        super().__init__(daemon=True)
        self.oracle, self.catalog = oracle, catalog
        self.problems, self.reads, self.seen = [], 0, set()
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.1):
            if not self.catalog.exists():
                continue
            try:
                with Lake(self.catalog) as lake:
                    self.look(lake)
            except duckdb.Error as error:
                passing = self.PASSING if self.seen else (*self.PASSING, "does not exist")
                if not any(text in str(error) for text in passing):
                    self.problems.append(f"a reader failed: {str(error)[:200]}")

    def look(self, lake):
        sql = """SELECT table_name FROM information_schema.tables
            WHERE table_catalog = 'lake' AND table_schema = 'ott' AND table_type = 'BASE TABLE'"""
        there = {name for name, in lake.query(sql)} & set(self.oracle.prints)
        if gone := self.seen - there:
            self.problems.append(f"{', '.join(sorted(gone))} went away")
        for name in sorted(there):
            found = lake.fingerprint(name)
            self.reads += 1
            if found != self.oracle.prints[name]:
                self.problems.append(f"{name} was seen with {found[0]} rows, or other ones")
        self.seen |= there

    def stop(self):
        """Ends the reading; returns what was wrong."""
        self.stopped.set()
        self.join(60)
        if self.is_alive():
            self.problems.append("a reader hangs")
        return self.problems
