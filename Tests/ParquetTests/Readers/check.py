"""Reads a Parquet file with pyarrow, Polars and DuckDB and compares it with what it should hold.

usage: check.py FILE EXPECTED.json

Prints every difference; the exit code is 0 when there is none.
"""

import json
import sys

import duckdb
import polars
import pyarrow
import pyarrow.parquet

TEXT_BOUND_BYTES = 4096
problems = []


def expect(condition, message):
    if not condition:
        problems.append(message)


def plain(column, storage):
    """Values of an Arrow column as JSON has them: dates as days, timestamps as microseconds."""
    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(column, pyarrow.ChunkedArray):
        column = pyarrow.concat_arrays(column.chunks) if column.num_chunks else []
    if storage == "date":
        column = column.cast(pyarrow.int32())
    elif storage == "timestamp":
        column = column.cast(pyarrow.timestamp("us")).cast(pyarrow.int64())
    return column.to_pylist()


def compare(reader, table, expected):
    names = [column["name"] for column in expected["columns"]]
    expect(table.column_names == names, f"{reader}: columns {table.column_names}")
    for index, column in enumerate(expected["columns"]):
        found = plain(table.column(index), column["storage"])
        wanted = column["values"]
        expect(len(found) == len(wanted), f"{reader}: {column['name']}: {len(found)} rows")
        for row, (one, other) in enumerate(zip(found, wanted)):
            if one != other or (one is None) != (other is None):
                expect(False, f"{reader}: {column['name']}[{row}]: {one!r:.200}, not {other!r:.200}")
                break


def check_types(schema, expected):
    types = {
        "string": pyarrow.string(), "int32": pyarrow.int32(), "int64": pyarrow.int64(),
        "float64": pyarrow.float64(), "boolean": pyarrow.bool_(), "date": pyarrow.date32(),
        "timestamp": pyarrow.timestamp("us"),
    }
    for index, column in enumerate(expected["columns"]):
        field = schema.field(index)
        ids = [int(field.metadata[b"PARQUET:field_id"])]
        if column["storage"] == "stringList":
            element = field.type.value_field
            ids.append(int(element.metadata[b"PARQUET:field_id"]))
            expect(element.type == pyarrow.string(), f"{column['name']}: elements {element.type}")
            expect(element.name == "element", f"{column['name']}: elements named {element.name}")
        else:
            wanted = types[column["storage"]]
            expect(field.type == wanted, f"{column['name']}: {field.type}, not {wanted}")
        expect(ids == column["fieldIDs"], f"{column['name']}: field ids {ids}")


def raw(value, storage):
    return value.encode() if storage in ("string", "stringList") else value


def check_statistics(chunk, column, values):
    """The bounds and counts of one column chunk are exactly those of its values."""
    name, storage = column["name"], column["storage"]
    if storage == "stringList":
        nulls = sum(1 for value in values if not value)
        present = [element for value in values for element in value]
    else:
        nulls = sum(1 for value in values if value is None)
        present = [value for value in values if value is not None]
    found = chunk.statistics
    expect(chunk.num_values == nulls + len(present), f"{name}: {chunk.num_values} levels")
    expect(found.null_count == nulls, f"{name}: null_count {found.null_count}, not {nulls}")
    if not present:
        expect(not found.has_min_max, f"{name}: bounds without values")
        return
    low, high = (bound(raw(value, storage) for value in present) for bound in (min, max))
    if isinstance(low, bytes) and max(len(low), len(high)) > TEXT_BOUND_BYTES:
        # pyarrow shows bounds only where there are both.
        expect(not found.has_min_max, f"{name}: a bound that is too long was written")
        return
    expect(found.has_min_max, f"{name}: no bounds")
    if found.has_min_max:
        pair = (found.min_raw, found.max_raw)
        expect(pair == (low, high), f"{name}: bounds {pair!r:.200}, not {(low, high)!r:.200}")


def check_metadata(path, expected):
    file = pyarrow.parquet.ParquetFile(path)
    metadata = file.metadata
    check_types(file.schema_arrow, expected)
    expect(metadata.created_by == "otcluster version 0.1 (build 0)", metadata.created_by)
    for key, value in expected["keyValues"].items():
        found = metadata.metadata[key.encode()].decode()
        expect(found == value, f"key {key}: {found}")
    groups = expected["rowGroups"]
    expect(metadata.num_row_groups == len(groups), f"{metadata.num_row_groups} row groups")
    start = 0
    for number, group in enumerate(groups):
        found = metadata.row_group(number)
        expect(found.num_rows == group["rowCount"], f"row group {number}: {found.num_rows} rows")
        sorting = [
            (order.column_index, order.descending, order.nulls_first)
            for order in found.sorting_columns
        ]
        wanted = [(index, False, False) for index in expected["sortColumns"]]
        wanted = wanted if group["isSorted"] else []
        expect(sorting == wanted, f"row group {number}: sorting {sorting}, not {wanted}")
        for index, column in enumerate(expected["columns"]):
            chunk = found.column(index)
            values = column["values"][start:start + group["rowCount"]]
            check_statistics(chunk, column, values)
            if "encodings" in column:
                encodings = set(chunk.encodings)
                expect(encodings == set(column["encodings"]), f"{column['name']}: {encodings}")
        start += group["rowCount"]


def main(path, expected_path):
    with open(expected_path, encoding="utf-8") as file:
        expected = json.load(file)
    check_metadata(path, expected)
    compare("pyarrow", pyarrow.parquet.read_table(path), expected)
    compare("polars", polars.read_parquet(path).to_arrow(compat_level=polars.CompatLevel.oldest()), expected)
    duck = duckdb.connect()
    relation = duck.execute("SELECT * FROM read_parquet(?)", [path])
    compare("duckdb", relation.to_arrow_table(), expected)
    query = """SELECT count(*) FROM parquet_metadata(?) 
               WHERE (stats_min_value IS NOT NULL AND min_is_exact IS NOT TRUE)
               OR (stats_max_value IS NOT NULL AND max_is_exact IS NOT TRUE)"""
    inexact = duck.execute(query, [path]).fetchone()[0]
    expect(inexact == 0, f"{inexact} chunks have bounds that are not called exact")
    for column in expected["columns"]:
        # Answered by pages or by statistics: both must be right.
        name, values = column["name"], column["values"]
        query = f'SELECT count(*) FROM read_parquet(?) WHERE "{name}" IS NULL'
        nulls = duck.execute(query, [path]).fetchone()[0]
        expect(nulls == values.count(None), f"duckdb: {name} IS NULL for {nulls} rows")
        if column["storage"] == "string" and values and values[-1] is not None:
            query = f'SELECT count(*) FROM read_parquet(?) WHERE "{name}" = ?'
            found = duck.execute(query, [path, values[-1]]).fetchone()[0]
            expect(found == values.count(values[-1]), f"duckdb: {name} = last for {found} rows")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
