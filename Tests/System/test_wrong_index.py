"""A split index that is sealed and says something else than its file costs time, and no job."""

import gzip
import os
import signal
import struct
import zlib

import pytest

from harness import wait_until
from test_lost_workers import CHUNK, chunks_done
from test_split_index import JOB, first_load, indexes, plain, print_of

# docs/formats/split-index.md
HEADER, CHUNK_FIELDS = 92, 44
BIT, RAW_OFFSET, STORED_WINDOW, LINES = 0, 8, 28, 36


class Index:
    """The bytes of an index, to be changed and sealed again."""

    def __init__(self, path):
        self.path = path
        self.data = bytearray(path.read_bytes()[:-4])
        [self.chunks] = struct.unpack_from("<I", self.data, 84)
        [self.header] = struct.unpack_from("<I", self.data, 88)

    def place(self, chunk, field):
        return HEADER + self.header + chunk * CHUNK_FIELDS + field

    def change(self, chunk, field, kind, change):
        place = self.place(chunk, field)
        [value] = struct.unpack_from(kind, self.data, place)
        struct.pack_into(kind, self.data, place, change(value))

    def window(self, chunk):
        """Where the stored window of a chunk stands."""
        sizes = [
            struct.unpack_from("<I", self.data, self.place(number, STORED_WINDOW))[0]
            for number in range(chunk + 1)
        ]
        start = self.place(self.chunks, 0) + sum(sizes[:-1])
        return range(start, start + sizes[-1])

    def seal(self):
        self.path.write_bytes(bytes(self.data) + struct.pack("<I", zlib.crc32(self.data)))


def wrong_bit(index, chunk):
    index.change(chunk, BIT, "<Q", lambda bit: bit ^ 1)


def wrong_raw_offset(index, chunk):
    index.change(chunk, RAW_OFFSET, "<Q", lambda offset: offset - 1)


def wrong_window(index, chunk):
    for place in index.window(chunk):
        index.data[place] ^= 0xFF


def wrong_first_line(index, chunk):
    index.change(chunk - 1, LINES, "<I", lambda lines: lines + 1)
    index.change(chunk, LINES, "<I", lambda lines: lines - 1)


def forge(cluster, mistake, chunk):
    """Makes the only index wrong about a chunk."""
    [path] = indexes(cluster)
    whole = path.read_bytes()
    index = Index(path)
    assert index.chunks > chunk + 1
    mistake(index, chunk)
    index.seal()
    assert path.read_bytes() != whole


def is_index_right(cluster, source):
    check = cluster.run("index", source, "--check", "--config", cluster.config, code=None)
    return check.returncode == 0


def wait_for_right_index(cluster, source):
    wait_until(lambda: is_index_right(cluster, source), "the index to be made anew", seconds=30)


def check_begun_anew(cluster, job):
    [step] = cluster.status(job)["steps"]
    assert step["state"] == "DONE" and step["reason"].startswith("begun anew: ")
    log = cluster.run("logs", job).stdout
    assert log.count("begins anew, no result of it is believed") == 1
    assert log.count("believes no split index") == 1


@pytest.mark.parametrize("mistake", [wrong_bit, wrong_raw_offset, wrong_window, wrong_first_line])
def test_a_job_survives_a_wrong_index_which_is_made_anew(new_cluster, plain, mistake):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    forge(cluster, mistake, chunk=4)
    assert not is_index_right(cluster, plain)
    job = cluster.load(JOB, "--input", plain)["id"]
    check_begun_anew(cluster, job)
    assert print_of(cluster) == before
    wait_for_right_index(cluster, plain)
    after = cluster.load(JOB, "--input", plain)["id"]
    assert "by its split index" in cluster.run("logs", after).stdout
    assert print_of(cluster) == before


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_mixes_nothing_of_a_wrong_index_in(new_cluster, plain, moment):
    """The coordinator is killed before the wrong chunk is met, or amid the second reading."""
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    [path] = indexes(cluster)
    forge(cluster, wrong_raw_offset, chunk=Index(path).chunks // 2)
    job = cluster.submit(JOB, "--input", plain)

    def is_time():
        if moment == "before":
            return chunks_done(cluster, job) > 5
        log = cluster.run("logs", job).stdout
        return "begins anew" in log and chunks_done(cluster, job) > 5

    wait_until(is_time, "the moment to kill the coordinator")
    assert cluster.status(job)["state"] == "RUNNING"
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    assert cluster.wait(job)["state"] == "DONE"
    assert print_of(cluster) == before
    wait_for_right_index(cluster, plain)


def test_results_of_before_a_crash_are_not_mixed_with_an_index_that_contradicts_them(new_cluster, plain):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    [path] = indexes(cluster)
    whole = path.read_bytes()
    path.unlink()
    job = cluster.submit(JOB, "--input", plain)
    wait_until(lambda: chunks_done(cluster, job) > 5, "some chunks")
    assert cluster.status(job)["state"] == "RUNNING"
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    path.write_bytes(whole)
    forge(cluster, wrong_first_line, chunk=1)
    cluster.up()
    assert cluster.wait(job)["state"] == "DONE"
    check_begun_anew(cluster, job)
    assert print_of(cluster) == before
    wait_for_right_index(cluster, plain)


def test_an_index_of_another_file_is_not_believed(new_cluster, plain, tmp_path):
    """Its first chunks are those of the file, byte for byte, and it has the file's identity."""
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    [path] = indexes(cluster)
    whole = path.read_bytes()
    path.unlink()
    lines = gzip.decompress(plain.read_bytes()).splitlines(keepends=True)
    middle = len(lines) // 2
    other = tmp_path / "other.tsv.gz"
    other.write_bytes(gzip.compress(b"".join(lines[:middle] + lines[-middle // 2 :][::-1]), 6))
    cluster.run("index", other, "--config", cluster.config)
    [made] = indexes(cluster)
    index = Index(made)
    # Size, time, inode and device.
    index.data[16:48] = whole[16:48]
    index.path = path
    made.unlink()
    index.seal()
    job = cluster.load(JOB, "--input", plain)["id"]
    assert "is not what its split index says" in cluster.run("logs", job).stdout
    assert print_of(cluster) == before
    wait_for_right_index(cluster, plain)


def test_the_header_line_is_the_files_and_not_the_indexs(new_cluster, plain):
    cluster = new_cluster(chunk=CHUNK)
    before = first_load(cluster, plain)
    [path] = indexes(cluster)
    index = Index(path)
    place = HEADER + index.header - 1
    index.data[place] ^= 1
    raw = bytearray(gzip.decompress(plain.read_bytes()))
    raw[index.header - 1] ^= 1
    struct.pack_into("<I", index.data, 56, zlib.crc32(raw))
    index.seal()
    job = cluster.load(JOB, "--input", plain)["id"]
    assert "whose split index has another header" in cluster.run("logs", job).stdout
    assert print_of(cluster) == before
    wait_for_right_index(cluster, plain)
