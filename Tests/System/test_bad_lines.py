"""Headers that do not match stop a job; bad lines are kept apart, up to a limit."""

import random

import pytest

from harness import column, job_file, tsv, write_gzip
from lake import Lake

COLUMNS = [column("id"), column("number", "int32"), column("text")]
HEADER = ["id", "number", "text"]
ROWS = [(f"id{n:03}", n, f"text {n}") for n in range(200)]


@pytest.fixture
def load(shared_cluster, tmp_path):
    """Loads text as a table of the given name; `fails` returns the reason instead of the status."""

    def run(name, data, fails=False, columns=COLUMNS, **more):
        path = write_gzip(tmp_path / f"{name}.tsv.gz", data)
        job = job_file(tmp_path, name, columns, **more)
        command = shared_cluster.failure if fails else shared_cluster.load
        return command(job, "--input", path)

    return run


def rows(cluster, sql):
    with Lake(cluster.catalog) as lake:
        return lake.query(sql)


@pytest.mark.parametrize(
    "name, header, named",
    [
        ("column_missing", ["id", "text"], ["number"]),
        ("column_added", ["id", "number", "surprise", "text"], ["surprise"]),
        ("column_renamed", ["id", "count", "text"], ["number", "count"]),
        ("columns_swapped", ["number", "id", "text"], ["number", "id"]),
        ("header_is_data", ["id001", "1", "text 1"], ["id"]),
    ],
)
def test_another_header_fails_the_job_and_names_the_columns(load, name, header, named):
    reason = load(name, tsv(header, [["x"] * len(header)]), fails=True)
    assert all(column in reason for column in named), reason


def test_a_byte_order_mark_is_called_by_its_name(load):
    reason = load("with_bom", "\ufeff" + tsv(HEADER, ROWS), fails=True)
    assert "byte order mark" in reason.lower()


def test_crlf_without_line_end_fails_the_job_and_tells_the_setting(load):
    reason = load("crlf_unsaid", tsv(HEADER, ROWS).replace("\n", "\r\n"), fails=True)
    assert "CR" in reason and "line_end" in reason


def test_crlf_with_line_end_takes_the_cr_off(load, shared_cluster):
    form = {"kind": "tsv", "null": "\\N", "header": True, "line_end": "crlf"}
    load("crlf_said", tsv(HEADER, ROWS).replace("\n", "\r\n"), format=form)
    assert set(rows(shared_cluster, "FROM crlf_said")) == set(ROWS)


def test_a_cr_belongs_to_the_last_field_otherwise(load, shared_cluster):
    load("cr_in_data", tsv(HEADER, [("a", 1, "x\r"), ("b", 2, "\r")]))
    assert set(rows(shared_cluster, "FROM cr_in_data")) == {("a", 1, "x\r"), ("b", 2, "\r")}


def test_a_header_alone_fails_unless_allowed(load, shared_cluster):
    assert load("no_rows", tsv(HEADER, []), fails=True)
    status = load("no_rows", tsv(HEADER, []), allow_empty=True)
    assert status["steps"][0]["rows"] == 0
    assert rows(shared_cluster, "FROM no_rows") == []


def test_without_a_header_the_first_line_is_data(load, shared_cluster):
    form = {"kind": "tsv", "null": "\\N", "header": False}
    load("headless", tsv(ROWS[0], ROWS[1:]), format=form)
    assert set(rows(shared_cluster, "FROM headless")) == set(ROWS)


def test_bad_lines_go_to_the_rejects_with_line_and_reason(load, shared_cluster):
    lines = [line.encode() for line in tsv(HEADER, ROWS).splitlines()]
    bad = {
        10: b"too\tfew",
        20: b"one\t2\tfield\ttoo many",
        30: b"",
        40: b"bad\t1\tutf-8 \xff\xfe",
        50: b"overlong\t1\t\xc0\xaf",
        60: b"surrogate\t1\t\xed\xa0\x80",
        70: b"cut\t1\t\xe2\x82",
    }
    for number, line in bad.items():
        lines[number - 1] = line
    status = load("some_bad", b"\n".join(lines) + b"\n")
    step = status["steps"][0]
    assert (step["rows"], step["rejected"]) == (len(ROWS) - len(bad), len(bad))
    kept = [row for number, row in enumerate(ROWS, start=2) if number not in bad]
    assert set(rows(shared_cluster, "FROM some_bad")) == set(kept)

    rejects = rows(
        shared_cluster, "SELECT line, source, raw, raw_hex, reason, job FROM some_bad_rejects"
    )
    assert {line for line, *_ in rejects} == set(bad)
    for line, source, raw, raw_hex, reason, job in rejects:
        assert "some_bad.tsv.gz" in source
        assert reason
        assert job in (status["id"], status["name"])
        try:
            text = bad[line].decode()
        except UnicodeDecodeError:
            assert raw is None and bytes.fromhex(raw_hex) == bad[line]
            assert "UTF-8" in reason
        else:
            assert raw == text and raw_hex is None


def test_a_null_in_a_required_column_rejects_the_row(load, shared_cluster):
    columns = [column("id", required=True), *COLUMNS[1:]]
    data = tsv(HEADER, [("a", 1, "x"), ("\\N", 2, "y"), ("", 3, "empty is not null")])
    status = load("required", data, columns=columns)
    assert status["steps"][0]["rejected"] == 1
    assert set(rows(shared_cluster, "FROM required")) == {
        ("a", 1, "x"),
        ("", 3, "empty is not null"),
    }
    [[line, reason]] = rows(shared_cluster, "SELECT line, reason FROM required_rejects")
    assert line == 3
    assert "id" in reason


@pytest.mark.parametrize(
    "name, good, bad", [("too_many", 3_000, 1_001), ("too_large_a_share", 10_500, 15)]
)
def test_rejects_over_the_limit_fail_the_job_and_the_old_table_stays(
    load, shared_cluster, name, good, bad
):
    load(name, tsv(HEADER, ROWS))
    data = tsv(HEADER, [(f"id{n}", n, "new") for n in range(good)]) + "bad line\n" * bad
    assert "reject" in load(name, data, fails=True)
    assert set(rows(shared_cluster, f"FROM {name}")) == set(ROWS)


@pytest.mark.parametrize(
    "name, good, bad", [("just_enough", 3_000, 1_000), ("small_enough", 20_000, 20)]
)
def test_rejects_at_the_limit_do_not(load, name, good, bad):
    data = tsv(HEADER, [(f"id{n}", n, "new") for n in range(good)]) + "bad line\n" * bad
    # 1,000 of 4,000 lines: the share counts from 10,000 lines on only.
    assert load(name, data)["steps"][0]["rejected"] == bad


def test_a_job_file_may_allow_more_rejects(load):
    data = tsv(HEADER, [(f"id{n}", n, "new") for n in range(9_000)]) + "bad line\n" * 2_000
    status = load("more_allowed", data, rejects={"max_rows": 5_000, "max_share": 0.5})
    assert status["steps"][0]["rejected"] == 2_000


def test_a_line_over_the_limit_of_one_mib_is_told_and_harms_no_worker(shared_cluster, tmp_path):
    long = random.Random(1).randbytes(1 << 20).hex()  # hardly compresses: no bomb by its ratio
    path = write_gzip(tmp_path / "long_line.tsv.gz", tsv(HEADER, [*ROWS, ("a", 1, long)]))
    before = set(shared_cluster.worker_pids())
    status = shared_cluster.wait(
        shared_cluster.submit(job_file(tmp_path, "long_line", COLUMNS), "--input", path)
    )
    if status["state"] == "DONE":
        assert (status["steps"][0]["rows"], status["steps"][0]["rejected"]) == (len(ROWS), 1)
    else:
        assert status["state"] == "ERROR" and path.name in status["reason"]
    assert set(shared_cluster.worker_pids()) == before


def test_replace_alters_the_table_and_old_versions_keep_their_columns(load, shared_cluster):
    load("altered", tsv(HEADER, ROWS))
    [before] = [t for t in shared_cluster.json("tables") if t["table"] == "altered"]
    columns = [column("id"), column("number", "float64"), column("added", "boolean")]
    load("altered", tsv(["id", "number", "added"], [("a", "1.5", 1)]), columns=columns)
    with Lake(shared_cluster.catalog) as lake:
        assert lake.columns("altered") == {"id": "VARCHAR", "number": "DOUBLE", "added": "BOOLEAN"}
        assert lake.rows("altered") == [("a", 1.5, True)]
        old = lake.query(
            f"SELECT id, number, text FROM altered AT (VERSION => {before['snapshot']})"
        )
        assert set(old) == set(ROWS)


@pytest.mark.parametrize(
    "name, columns, named",
    [
        ("append_adds", [*COLUMNS, column("extra")], "extra"),
        ("append_drops", COLUMNS[:2], "text"),
        ("append_retypes", [COLUMNS[0], column("number", "int64"), COLUMNS[2]], "number"),
    ],
)
def test_append_with_other_columns_is_an_error_that_names_the_column(
    load, shared_cluster, name, columns, named
):
    load(name, tsv(HEADER, ROWS))
    header = [c["name"] for c in columns]
    reason = load(
        name, tsv(header, [["1"] * len(header)]), fails=True, columns=columns, write="append"
    )
    assert named in reason
    assert set(rows(shared_cluster, f"FROM {name}")) == set(ROWS)
