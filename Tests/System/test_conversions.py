"""The conversion rules, field by field, from a user's file to the stored value."""

import datetime

import pytest

from harness import column, comma_list, job_file, json_list, tsv, write_gzip
from lake import Lake

BAD = object()
"""Stored as null (a list as empty) and counted as a conversion failure."""

CASES = {
    "int32": [
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("007", 7),
        ("2147483647", 2**31 - 1),
        ("-2147483648", -(2**31)),
        ("00000000000000000000002147483647", 2**31 - 1),
        ("2147483648", BAD),
        ("-2147483649", BAD),
        ("99999999999999999999999", BAD),
        ("", BAD),
        ("-", BAD),
        ("+", BAD),
        ("--1", BAD),
        (" 1", BAD),
        ("1 ", BAD),
        ("1.0", BAD),
        ("1e3", BAD),
        ("0x10", BAD),
        ("1_000", BAD),
        ("١٢", BAD),
        ("\\N", None),
    ],
    "int64": [
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", BAD),
        ("-9223372036854775809", BAD),
        ("18446744073709551617", BAD),
        ("", BAD),
        ("\\N", None),
    ],
    "float64": [
        ("1", 1.0),
        ("-0.0", 0.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+.5e1", 5.0),
        ("0.1", 0.1),
        ("1e308", 1e308),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("4.9e-324", 5e-324),
        ("1e-400", 0.0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("9007199254740993", 9007199254740992.0),
        ("1E+2", 100.0),
        ("1e309", BAD),
        ("-1e999", BAD),
        (".", BAD),
        ("e5", BAD),
        ("1e", BAD),
        ("1e+", BAD),
        ("1.2.3", BAD),
        ("nan", BAD),
        ("inf", BAD),
        ("Infinity", BAD),
        ("0x1p3", BAD),
        ("1,5", BAD),
        (" 1", BAD),
        ("", BAD),
        ("\\N", None),
    ],
    "boolean": [
        ("1", True),
        ("0", False),
        ("true", BAD),
        ("2", BAD),
        ("01", BAD),
        ("", BAD),
        ("\\N", None),
    ],
    "string": [
        ("", ""),
        ("\\N", None),
        ("\\n", "\\n"),
        ("\\N ", "\\N "),
        ('"quoted"', '"quoted"'),
        ('"', '"'),
        ("  blanks  ", "  blanks  "),
        ("NULL", "NULL"),
        ("e\u0301 👩‍👩‍👧 ﷽", "e\u0301 👩‍👩‍👧 ﷽"),
        ("a\u2028b\x0bc\x85d", "a\u2028b\x0bc\x85d"),
        ("\ufeffmark", "\ufeffmark"),
    ],
    "date": [
        ("2024-02-29", datetime.date(2024, 2, 29)),
        ("1969-12-31", datetime.date(1969, 12, 31)),
        ("0001-01-01", datetime.date(1, 1, 1)),
        ("9999-12-31", datetime.date(9999, 12, 31)),
        ("2023-02-29", BAD),
        ("1900-02-29", BAD),
        ("2024-13-01", BAD),
        ("2024-00-10", BAD),
        ("2024-1-1", BAD),
        ("24-01-01", BAD),
        ("2024-01-01 ", BAD),
        ("2024/01/01", BAD),
        ("", BAD),
        ("\\N", None),
    ],
    "timestamp": [
        ("2024-01-15T12:30:00", datetime.datetime(2024, 1, 15, 12, 30)),
        ("2024-01-15 12:30:59.5", datetime.datetime(2024, 1, 15, 12, 30, 59, 500_000)),
        ("1969-12-31T23:59:59.999999", datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999)),
        ("2024-01-15T24:00:00", BAD),
        ("2024-01-15T12:60:00", BAD),
        ("2024-01-15T12:30:00Z", BAD),
        ("2024-01-15T12:30:00+01:00", BAD),
        ("2024-01-15", BAD),
        ("2024-01-15T12:30", BAD),
        ("", BAD),
        ("\\N", None),
    ],
    "list": [
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        ("a,,b", ("a", "", "b")),
        (",", ("", "")),
        ("a, b ", ("a", " b ")),
        ('"a,b"', ('"a', 'b"')),
        ("\\N,a", ("\\N", "a")),
        ("", ()),
        ("\\N", ()),
    ],
    "json": [
        ("[]", ()),
        ('[""]', ("",)),
        ('["a","b"]', ("a", "b")),
        (' [ "a" , "b" ] ', ("a", "b")),
        (r'["\"quoted\" \\ \/ \b\f\n\r\t"]', ('"quoted" \\ / \b\f\n\r\t',)),
        (r'["\u00e9\u00E9"]', ("éé",)),
        (r'["\ud83d\ude00"]', ("😀",)),
        ('["😀 as it stands"]', ("😀 as it stands",)),
        (r'["\u0041\u2028"]', ("A\u2028",)),
        (r'["\ud83d"]', BAD),
        (r'["\ude00\ud83d"]', BAD),
        (r'["\ud83dx"]', BAD),
        (r'["\x41"]', BAD),
        (r'["\u00g0"]', BAD),
        ('["a",]', BAD),
        ('["a" "b"]', BAD),
        ('["a"', BAD),
        ('["a"] x', BAD),
        ('["a",1]', BAD),
        ("[null]", BAD),
        ('[["a"]]', BAD),
        ('{"a":"b"}', BAD),
        ('"a"', BAD),
        ("null", BAD),
        ("plain", BAD),
        ("['a']", BAD),
        ("[" * 5000, BAD),
        ("", ()),
        ("\\N", ()),
    ],
}
COLUMNS = {"list": comma_list("value"), "json": json_list("value")}


@pytest.mark.parametrize("type", CASES)
def test_fields_become_values_by_the_rules(shared_cluster, tmp_path, type):
    cases = CASES[type]
    empty = () if type in ("list", "json") else None
    path = write_gzip(
        tmp_path / "cases.tsv.gz", tsv(["n", "value"], [(n, t) for n, (t, _) in enumerate(cases)])
    )
    columns = [column("n", "int32"), COLUMNS.get(type, column("value", type))]
    status = shared_cluster.load(job_file(tmp_path, f"as_{type}", columns), "--input", path)
    with Lake(shared_cluster.catalog) as lake:
        stored = dict(lake.rows(f"as_{type}"))
    wrong = {
        text: stored.get(n)
        for n, (text, value) in enumerate(cases)
        if stored.get(n, BAD) != (empty if value is BAD else value)
    }
    assert not wrong
    failures = sum(value is BAD for _, value in cases)
    assert status["steps"][0]["conversion_failures"].get("value", 0) == failures
    assert status["steps"][0]["rejected"] == 0


def test_another_null_marker_leaves_the_usual_one_as_text(shared_cluster, tmp_path):
    path = write_gzip(tmp_path / "marker.tsv.gz", tsv(["a", "b"], [("NA", "\\N"), ("\\N", "NA")]))
    form = {"kind": "tsv", "null": "NA", "header": True}
    job = job_file(tmp_path, "marker", [column("a"), column("b")], format=form)
    shared_cluster.load(job, "--input", path)
    with Lake(shared_cluster.catalog) as lake:
        assert set(lake.rows("marker")) == {(None, "\\N"), ("\\N", None)}


def test_an_empty_null_marker_makes_empty_fields_null(shared_cluster, tmp_path):
    path = write_gzip(tmp_path / "marker.tsv.gz", tsv(["a", "b"], [("", "x"), ("x", "")]))
    form = {"kind": "tsv", "null": "", "header": True}
    job = job_file(tmp_path, "empty_marker", [column("a"), column("b")], format=form)
    shared_cluster.load(job, "--input", path)
    with Lake(shared_cluster.catalog) as lake:
        assert set(lake.rows("empty_marker")) == {(None, "x"), ("x", None)}
