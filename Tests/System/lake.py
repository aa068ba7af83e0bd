"""Reads the table store as its users do: DuckDB for tables, SQLite for the catalog's own rows."""

import importlib
import sqlite3
from collections import Counter
from pathlib import Path

import duckdb


class Lake:
    """A look at the store, read-only unless asked; open one for each look, the coordinator goes on
    writing."""

    def __init__(self, catalog, read_only=True):
        self.catalog = catalog
        self.connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "threads": "1",
            }
        )
        for name in ("ducklake", "sqlite_scanner"):
            package = importlib.import_module(f"duckdb_extension_{name}")
            extension = next(Path(package.__file__).parent.rglob("*.duckdb_extension"))
            self.connection.execute(f"LOAD '{extension}'")
        mode = " (READ_ONLY)" if read_only else ""
        self.connection.execute(f"ATTACH 'ducklake:sqlite:{catalog}' AS lake{mode}")
        self.connection.execute("USE lake.ott")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def query(self, sql):
        return [hashable(row) for row in self.connection.execute(sql).fetchall()]

    def value(self, sql):
        [[value]] = self.query(sql)
        return value

    def rows(self, table):
        return self.query(f'SELECT * FROM "{table}"')

    def fingerprint(self, table):
        """Rows and an order-free hash of them, for tables too large to compare one by one."""
        [found] = self.query(f'SELECT count(*), sum(hash(t)::HUGEINT) FROM "{table}" t')
        return found

    def columns(self, table):
        return {name: type for name, type, *_ in self.query(f'DESCRIBE "{table}"')}


def hashable(row):
    return tuple(tuple(value) if isinstance(value, list) else value for value in row)


def catalog_rows(catalog, sql, *values):
    connection = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def table_id(catalog, table):
    [[number]] = catalog_rows(
        catalog,
        "SELECT table_id FROM ducklake_table WHERE table_name = ? AND end_snapshot IS NULL",
        table,
    )
    return number


def parquet_files(catalog, table):
    """Paths of the files that the newest version of a table consists of."""
    [[root]] = catalog_rows(catalog, "SELECT value FROM ducklake_metadata WHERE key = 'data_path'")
    rows = catalog_rows(
        catalog,
        """SELECT s.path, s.path_is_relative, t.path, t.path_is_relative, f.path, f.path_is_relative
        FROM ducklake_data_file f
        JOIN ducklake_table t ON t.table_id = f.table_id AND t.end_snapshot IS NULL
        JOIN ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
        WHERE f.table_id = ? AND f.end_snapshot IS NULL ORDER BY f.data_file_id""",
        table_id(catalog, table),
    )
    files = []
    for parts in rows:
        path = Path(root)
        for part, is_relative in zip(parts[::2], parts[1::2]):
            path = path / part if is_relative else Path(part)
        files.append(path)
    assert files, f"the catalog names no file of {table}"
    return files


def field_ids(catalog, table):
    """Field ids by name; a list's element stands as `name.element`."""
    rows = catalog_rows(
        catalog,
        """SELECT column_id, column_name, parent_column FROM ducklake_column
        WHERE table_id = ? AND end_snapshot IS NULL""",
        table_id(catalog, table),
    )
    names = {number: name for number, name, parent in rows if parent is None}
    return {
        name if parent is None else f"{names[parent]}.{name}": number
        for number, name, parent in rows
    }


def assert_equal_rows(stored, wanted):
    """Fails with what is missing and what is too much; the order does not matter."""
    lost, extra = Counter(wanted), Counter(stored)
    lost, extra = lost - extra, extra - lost
    assert not lost and not extra, (
        f"{lost.total()} rows missing, e.g. {list(lost)[:2]};"
        f" {extra.total()} not in the input, e.g. {list(extra)[:2]}"
    )
