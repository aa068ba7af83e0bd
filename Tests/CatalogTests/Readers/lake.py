"""Writes Parquet files with pyarrow, and reads and changes a catalog with DuckDB.

Usage: lake.py REQUEST.json; the answer, a list with one entry for each operation, goes to standard output.

A request is {"catalog": path, "operations": [...]}; an operation is one of
  {"kind": "parquet", "path", "columns": [{"name", "type", "id", "element"}], "rows": [[...]]}
      -> {"size", "footer"}; dates are days, timestamps microseconds since 1970
  {"kind": "query", "sql"}    -> rows of texts and nulls, or {"error"}; the catalog is attached READ_ONLY
  {"kind": "execute", "sql"}  -> [], or {"error"}; attached for writing
  {"kind": "create", "data"}  -> [], makes a catalog by DuckDB itself with this data path
The catalog is attached as "lake".
"""
import importlib
import json
import pathlib
import struct
import sys


def arrow_type(name):
    import pyarrow as pa

    return {
        "string": pa.string(), "int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64(),
        "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
    }[name]


def with_id(number):
    return {b"PARQUET:field_id": str(number).encode()}


def write_parquet(operation):
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = []
    for column in operation["columns"]:
        if column["type"] == "list":
            element = pa.field("element", pa.string(), metadata=with_id(column["element"]))
            kind = pa.list_(element)
        else:
            kind = arrow_type(column["type"])
        fields.append(pa.field(column["name"], kind, metadata=with_id(column["id"])))
    columns = zip(*operation["rows"]) if operation["rows"] else [[] for _ in fields]
    arrays = [pa.array(list(values), field.type) for values, field in zip(columns, fields)]
    path = pathlib.Path(operation["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), path, compression="zstd")
    data = path.read_bytes()
    return {"size": len(data), "footer": struct.unpack("<I", data[-8:-4])[0]}


def open_lake(target, options):
    import duckdb

    lake = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    for name in ("ducklake", "sqlite_scanner"):
        folder = pathlib.Path(importlib.import_module("duckdb_extension_" + name).__file__).parent
        lake.execute(f"LOAD '{next(folder.rglob('*.duckdb_extension'))}'")
    lake.execute(f"ATTACH 'ducklake:sqlite:{target}' AS lake {options}")
    return lake


def run(catalog, sql, options):
    import duckdb

    lake = None
    try:
        lake = open_lake(catalog, options)
        result = lake.execute(sql)
        if "READ_ONLY" not in options:
            # To the end, but without Python values: times with a zone need a package more.
            result.fetch_arrow_table()
            return []
        rows = result.fetchall()
        return [[None if value is None else str(value) for value in row] for row in rows]
    except duckdb.Error as error:
        return {"error": str(error)}
    finally:
        if lake:
            lake.close()


def main():
    request = json.loads(pathlib.Path(sys.argv[1]).read_text())
    catalog, answers = request["catalog"], []
    for operation in request["operations"]:
        kind = operation["kind"]
        if kind == "parquet":
            answers.append(write_parquet(operation))
        elif kind == "query":
            answers.append(run(catalog, operation["sql"], "(READ_ONLY)"))
        elif kind == "execute":
            answers.append(run(catalog, operation["sql"], ""))
        elif kind == "create":
            answers.append(run(catalog, "SELECT 1 WHERE false", f"(DATA_PATH '{operation['data']}')"))
        else:
            raise SystemExit(f"unknown operation {kind}")
    json.dump(answers, sys.stdout)


main()
