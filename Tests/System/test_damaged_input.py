"""A file that cannot be trusted to its last byte changes no table, and the reason says where."""

import gzip
import re
import struct

import pytest

from harness import column, job_file, tsv, write_gzip
from lake import Lake

COLUMNS = [column("id"), column("number", "int32"), column("text")]
HEADER = ["id", "number", "text"]
# Numbers that hardly compress, so that damage in the middle is not near an end.
GOOD = tsv(HEADER, [(f"id{n:07}", n, hex(n * 2654435761 % 2**61)) for n in range(20_000)])
OLD = tsv(HEADER, [("old", 1, "stays")])


def flipped(data, position, bit=0x10):
    return data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]


def with_trailer(data, crc=None, length=None):
    true_crc, true_length = struct.unpack("<II", data[-8:])
    return data[:-8] + struct.pack("<II", crc or true_crc, length or true_length)


DAMAGES = {
    "empty": lambda data: b"",
    "not_gzip": lambda data: GOOD.encode(),
    "one_byte": lambda data: data[:1],
    "cut_in_the_header": lambda data: data[:7],
    "cut_in_the_middle": lambda data: data[: len(data) // 2],
    "cut_before_the_checksum": lambda data: data[:-8],
    "cut_by_one_byte": lambda data: data[:-1],
    "a_bit_flipped_early": lambda data: flipped(data, 200),
    "a_bit_flipped_in_the_middle": lambda data: flipped(data, len(data) // 2),
    "wrong_checksum": lambda data: with_trailer(data, crc=0x12345678),
    "wrong_length": lambda data: with_trailer(data, length=12345),
    "trailing_bytes": lambda data: data + b"something else",
    "damaged_second_member": lambda data: data + flipped(data, len(data) // 2),
    "truncated_second_member": lambda data: data + data[:-5],
}


def stored(cluster, table):
    with Lake(cluster.catalog) as lake:
        return lake.rows(table)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_fails_the_job_with_file_and_byte_and_the_old_table_stays(
    shared_cluster, tmp_path, damage
):
    job = job_file(tmp_path, f"damaged_{damage}", COLUMNS)
    path = tmp_path / "good-or-not.tsv.gz"
    shared_cluster.load(job, "--input", write_gzip(path, OLD))
    path.write_bytes(DAMAGES[damage](gzip.compress(GOOD.encode(), mtime=0)))
    reason = shared_cluster.failure(job, "--input", path)
    assert path.name in reason
    assert re.search(r"byte\D{0,20}\d|\d\D{0,20}byte|offset\D{0,5}\d", reason), reason
    assert stored(shared_cluster, f"damaged_{damage}") == [("old", 1, "stays")]


def test_damage_is_told_where_it_made_lines_unreadable_first(new_cluster, tmp_path):
    """Too many rejected lines fail a load long before the checksum at the end would."""
    cluster = new_cluster(chunk="64KiB").up()
    job = job_file(tmp_path, "damaged_rows", COLUMNS)
    path = tmp_path / "good-or-not.tsv.gz"
    cluster.load(job, "--input", write_gzip(path, OLD))
    rows = [(f"id{n:07}", n, hex(n * 2654435761 % 2**61)) for n in range(400_000)]
    lines = tsv(HEADER, rows).splitlines(keepends=True)
    lines[1000:3000] = ["one field\n"] * 2000
    whole = gzip.compress("".join(lines).encode(), 1, mtime=0)
    for data, is_damaged in [(whole, False), (with_trailer(whole, crc=0x12345678), True)]:
        path.write_bytes(data)
        reason = cluster.failure(job, "--input", path)
        assert "rows were rejected, more than the 1000" in reason
        assert ("damaged content of the gzip member at byte 0" in reason) == is_damaged
        assert (path.name in reason) == is_damaged
    assert stored(cluster, "damaged_rows") == [("old", 1, "stays")]


def test_a_missing_file_fails_with_its_path(shared_cluster, tmp_path):
    job = job_file(tmp_path, "file_missing", COLUMNS)
    missing = tmp_path / "nowhere.tsv.gz"
    reason = shared_cluster.failure(job, "--input", missing)
    assert str(missing) in reason


UNUSUAL = {
    "several_members": gzip.compress(GOOD[:70_001].encode())
    + gzip.compress(GOOD[70_001:].encode()),
    "empty_member_between": gzip.compress(GOOD[:999].encode())
    + gzip.compress(b"")
    + gzip.compress(GOOD[999:].encode()),
    "zero_padding": gzip.compress(GOOD.encode()) + bytes(512),
    "stored_blocks": gzip.compress(GOOD.encode(), 0),
    "no_last_newline": gzip.compress(GOOD.removesuffix("\n").encode()),
    # RFC 1952 section 2.3.1: flag 8 puts a file name behind the first ten bytes.
    "with_a_name": b"\x1f\x8b\x08\x08" + bytes(6) + b"x.tsv\0" + gzip.compress(GOOD.encode())[10:],
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_but_whole_files_are_read_to_the_end(shared_cluster, tmp_path, name):
    path = tmp_path / "data.tsv.gz"
    path.write_bytes(UNUSUAL[name])
    status = shared_cluster.load(job_file(tmp_path, name, COLUMNS), "--input", path)
    assert status["steps"][0]["rows"] == 20_000
    wanted = [line.split("\t") for line in GOOD.splitlines()[1:]]
    wanted = {(key, int(number), text) for key, number, text in wanted}
    assert set(stored(shared_cluster, name)) == wanted
