"""Readers that know nothing of this project agree on what the files and the catalog say."""

import functools
from collections import Counter

import duckdb
import polars
import pyarrow.parquet
import pytest

from lake import Lake, catalog_rows, field_ids, hashable, parquet_files, table_id
from reference import DATASETS

SCALE = 0.002
TABLES = list(DATASETS)


@pytest.fixture(scope="module")
def loaded(new_shared_cluster, sample):
    """A cluster whose tables were loaded in many chunks, so that files have many row groups."""
    cluster = new_shared_cluster(chunk="64KiB")
    cluster.load("imdb", "--input", sample(SCALE))
    return cluster


def read_with_pyarrow(files):
    for file in files:
        yield from zip(*pyarrow.parquet.read_table(file).to_pydict().values())


def read_with_polars(files):
    for file in files:
        yield from polars.read_parquet(file).rows()


def read_with_duckdb(files):
    yield from duckdb.execute("FROM read_parquet(?)", [[str(file) for file in files]]).fetchall()


@pytest.mark.parametrize("reader", [read_with_pyarrow, read_with_polars, read_with_duckdb])
@pytest.mark.parametrize("table", TABLES)
def test_files_named_by_the_catalog_hold_the_inputs_rows(loaded, expected, table, reader):
    stored = Counter(hashable(row) for row in reader(parquet_files(loaded.catalog, table)))
    wanted = Counter(expected(SCALE)[table].rows)
    assert stored.total() == wanted.total()
    assert stored == wanted


@pytest.mark.parametrize("table", TABLES)
def test_every_column_and_list_element_carries_the_catalogs_field_id(loaded, table):
    wanted = field_ids(loaded.catalog, table)
    for file in parquet_files(loaded.catalog, table):
        found = {}
        for field in pyarrow.parquet.read_schema(file):
            found[field.name] = int(field.metadata[b"PARQUET:field_id"])
            if pyarrow.types.is_list(field.type):
                element = field.type.value_field
                found[f"{field.name}.element"] = int(element.metadata[b"PARQUET:field_id"])
        assert found == wanted


@pytest.mark.parametrize("table", TABLES)
def test_record_counts_and_sizes_in_the_catalog_are_the_files(loaded, table):
    rows = catalog_rows(
        loaded.catalog,
        """SELECT record_count, file_size_bytes, footer_size FROM ducklake_data_file
        WHERE table_id = ? AND end_snapshot IS NULL ORDER BY data_file_id""",
        table_id(loaded.catalog, table),
    )
    for file, (records, size, footer) in zip(
        parquet_files(loaded.catalog, table), rows, strict=True
    ):
        data = file.read_bytes()
        assert size == len(data)
        assert footer in (None, int.from_bytes(data[-8:-4], "little"))
        assert records == pyarrow.parquet.read_metadata(file).num_rows


def as_bytes(value):
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize("table", TABLES)
def test_statistics_of_row_groups_are_true(loaded, table):
    bounded = 0
    for file in parquet_files(loaded.catalog, table):
        parquet = pyarrow.parquet.ParquetFile(file)
        for group in range(parquet.num_row_groups):
            metadata = parquet.metadata.row_group(group)
            columns = parquet.read_row_group(group).to_pydict()
            for index in range(metadata.num_columns):
                chunk = metadata.column(index)
                if "." in chunk.path_in_schema or not chunk.is_stats_set:
                    continue
                values = columns[chunk.path_in_schema]
                known = [as_bytes(value) for value in values if value is not None]
                statistics = chunk.statistics
                assert not statistics.has_null_count or (
                    statistics.null_count == len(values) - len(known)
                )
                if not statistics.has_min_max:
                    continue
                bounded += 1
                low, high = as_bytes(statistics.min), as_bytes(statistics.max)
                if isinstance(low, bytes):  # long text may be cut; the bounds must still enclose
                    assert low <= min(known) and max(known) <= high
                else:
                    assert (low, high) == (min(known), max(known))
    assert bounded, "no column of any row group has bounds"


@pytest.mark.parametrize("table", ["title_akas", "title_principals", "name_basics"])
def test_bounds_of_the_sort_column_prune_nearly_all_row_groups(loaded, expected, table):
    rows = expected(SCALE)[table].rows
    wanted = rows[len(rows) // 2][0].encode()
    groups, hit = 0, 0
    for file in parquet_files(loaded.catalog, table):
        metadata = pyarrow.parquet.read_metadata(file)
        for group in range(metadata.num_row_groups):
            bounds = metadata.row_group(group).column(0).statistics
            groups += 1
            hit += as_bytes(bounds.min) <= wanted <= as_bytes(bounds.max)
    assert groups > 5
    assert 1 <= hit <= 2


def test_bounds_in_the_catalog_answer_min_and_max_truly(loaded, expected):
    for name, column in (("title_ratings", "numVotes"), ("title_basics", "runtimeMinutes")):
        table = expected(SCALE)[name]
        at = list(table.columns).index(column)
        known = [row[at] for row in table.rows if row[at] is not None]
        with Lake(loaded.catalog) as lake:
            [found] = lake.query(
                f'SELECT min("{column}"), max("{column}"), count("{column}") FROM {name}'
            )
        assert found == (min(known), max(known), len(known))


def test_a_filter_finds_the_same_rows_in_every_reader(loaded, expected):
    table = expected(SCALE)["title_akas"]
    title = table.rows[len(table.rows) // 3][0]
    wanted = Counter(row for row in table.rows if row[0] == title)
    files = parquet_files(loaded.catalog, "title_akas")
    frame = polars.scan_parquet(files).filter(polars.col("titleId") == title).collect()
    assert Counter(map(hashable, frame.rows())) == wanted
    found = pyarrow.parquet.read_table(files, filters=[("titleId", "==", title)]).to_pydict()
    assert Counter(map(hashable, zip(*found.values()))) == wanted
    with Lake(loaded.catalog) as lake:
        assert Counter(lake.query(f"FROM title_akas WHERE titleId = '{title}'")) == wanted


def test_types_are_those_of_the_job_files(loaded):
    types = {"string": "VARCHAR", "int32": "INTEGER", "float64": "DOUBLE", "boolean": "BOOLEAN"}
    with Lake(loaded.catalog) as lake:
        for name, columns in DATASETS.items():
            wanted = {column: types.get(kind, "VARCHAR[]") for column, kind in columns.items()}
            assert lake.columns(name) == wanted


def test_an_older_version_stays_readable_after_a_second_load(new_cluster, sample, expected):
    cluster = new_cluster()
    snapshots = {}
    for seed in (1, 2):
        cluster.load("title_ratings", "--input", sample(0.0005, seed))
        [table] = [t for t in cluster.json("tables") if t["table"] == "title_ratings"]
        snapshots[seed] = table["snapshot"]
    assert snapshots[1] < snapshots[2]
    with Lake(cluster.catalog) as lake:
        for seed, snapshot in snapshots.items():
            stored = lake.query(f"FROM title_ratings AT (VERSION => {snapshot})")
            assert Counter(stored) == Counter(expected(0.0005, seed)["title_ratings"].rows)


def test_the_catalog_is_version_1_and_every_live_file_exists(loaded):
    value = functools.partial(catalog_rows, loaded.catalog)
    assert value("SELECT value FROM ducklake_metadata WHERE key = 'version'") == [("1.0",)]
    named = {file for table in TABLES for file in parquet_files(loaded.catalog, table)}
    assert all(file.is_file() for file in named)
    assert all(file.is_relative_to(loaded.store) for file in named)
