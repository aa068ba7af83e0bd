"""What reaches the workers' port from others than sound workers: nothing of it may stop the cluster."""

import os
import random
import socket
import struct

import pytest

from harness import column, job_file, process_pool, static_pool, tsv, write_gzip

HELLO, HEARTBEAT, RESULT, FAILED, FINISHED = 1, 2, 3, 4, 5
WELCOME, REFUSE, LEASE, LEASE_SYNTHETIC, DATA, RUN_END = 32, 33, 36, 37, 64, 65
PROTOCOL = 5


def frame(kind, payload=b""):
    return struct.pack("<IB3x", len(payload), kind) + payload


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


def hello(pool="zone-a", protocol=PROTOCOL, slots=1, host="stranger"):
    fields = struct.pack("<I", protocol) + text("0") + text(pool) + text(host)
    return frame(HELLO, fields + struct.pack("<iH", 1, slots) + text(""))


def result(attempt, *, lines=0, columns=0, sizes=()):
    fields = struct.pack("<qqqqI", attempt, lines, lines, 0, columns) + bytes(8 * columns)
    fields += struct.pack("<I", len(sizes))
    for size in sizes:
        fields += struct.pack("<BI", 0, size) + text("")
    return frame(RESULT, fields)


def run_end():
    return frame(RUN_END, struct.pack("<I", 32) + bytes(32))


def finished(attempt):
    return frame(FINISHED, struct.pack("<Iq", 1, attempt))


class Stranger:
    """A worker of our own that says what it likes."""

    def __init__(self, cluster):
        self.socket = socket.create_connection(("127.0.0.1", cluster.worker_port), 10)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, *kinds, seconds=20):
        """The payload of the next frame of these kinds; None when the connection ends first."""
        self.socket.settimeout(seconds)
        while True:
            while len(self.buffer) >= 8:
                size, kind = struct.unpack_from("<IB", self.buffer)
                if len(self.buffer) < 8 + size:
                    break
                payload, self.buffer = self.buffer[8 : 8 + size], self.buffer[8 + size :]
                if kind in kinds:
                    return payload
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.buffer += more

    def is_cut_off(self, seconds=20):
        return self.receive(seconds=seconds) is None


def serves(cluster):
    """The cluster still answers and works."""
    assert cluster.wait(cluster.submit("selftest", "--set", "tasks=10"))["state"] == "DONE"


GARBAGE = {
    "noise": random.Random(1).randbytes(4096),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "large frame": struct.pack("<IB3x", 1 << 31, HELLO),
    "unknown kind": frame(99),
    "result first": result(1),
    "data first": frame(DATA, b"x"),
    "empty hello": frame(HELLO),
    "second hello": hello() + hello(),
    "hello and noise": hello() + random.Random(2).randbytes(4096),
    "end of no run": hello() + run_end(),
    "data outside of a run": hello() + frame(DATA, b"x"),
    "run within a run": hello() + result(1, sizes=[10]) + result(2, sizes=[10]),
    "run too long": hello() + result(1, sizes=[10]) + frame(DATA, bytes(11)),
    "run too short": hello() + result(1, sizes=[10]) + frame(DATA, bytes(9)) + run_end(),
    "huge result": hello() + result(1, sizes=[0xFFFFFFFF] * 4),
    "coordinator's message": hello() + frame(WELCOME),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_who_breaks_the_protocol_is_cut_off(shared_cluster, name):
    stranger = Stranger(shared_cluster)
    stranger.send(GARBAGE[name])
    assert stranger.is_cut_off()
    serves(shared_cluster)


@pytest.mark.parametrize(
    "greeting",
    [hello(protocol=99), hello(pool="nowhere"), hello(slots=0), hello(host="x" * 1000)],
    ids=["protocol", "pool", "slots", "host"],
)
def test_a_refused_worker_is_told_and_cut_off(shared_cluster, greeting):
    stranger = Stranger(shared_cluster)
    stranger.send(greeting)
    assert stranger.receive(REFUSE)
    assert stranger.is_cut_off(5)


def test_who_says_nothing_is_cut_off(shared_cluster):
    stranger = Stranger(shared_cluster)
    assert stranger.is_cut_off(15)


def test_strangers_of_an_address_beyond_its_share_go_the_oldest_first(shared_cluster):
    strangers = [Stranger(shared_cluster) for _ in range(300)]
    assert all(stranger.is_cut_off(2) for stranger in strangers[:44])
    # What a worker has to say still finds its place.
    strangers[-1].send(hello())
    assert strangers[-1].receive(WELCOME)
    for stranger in strangers:
        stranger.socket.close()
    serves(shared_cluster)


def test_who_is_no_worker_yet_sends_no_more_than_a_hello(shared_cluster):
    stranger = Stranger(shared_cluster)
    stranger.send(struct.pack("<IB3x", 1 << 20, HELLO))
    assert stranger.is_cut_off(5)
    serves(shared_cluster)


def test_a_worker_that_does_not_read_is_cut_off(shared_cluster):
    stranger = Stranger(shared_cluster)
    stranger.send(hello())
    stranger.socket.settimeout(20)
    # Each heartbeat is answered; the answers fill the sockets' buffers, then the queue.
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        for _ in range(4000):
            stranger.send(frame(HEARTBEAT, struct.pack("<I", 0)) * 1000)
    serves(shared_cluster)


def join(cluster, pool):
    stranger = Stranger(cluster)
    stranger.send(hello(pool))
    assert stranger.receive(WELCOME)
    return stranger


def small_load(cluster, folder):
    write_gzip(folder / "t.tsv.gz", tsv(["a"], [["x"], ["y"]]))
    return cluster.submit(job_file(folder, "t", [column("a")]), "--input", folder)


@pytest.mark.parametrize("lie", ["finished", "foreign result", "foreign finished"])
def test_a_worker_that_lies_about_a_chunk_does_not_hold_its_job(new_cluster, tmp_path, lie):
    cluster = new_cluster(pools=[static_pool("odd"), process_pool("sound", 1)])
    stranger = join(cluster, "odd")
    other = Stranger(cluster)
    other.send(hello("sound"))
    assert other.receive(WELCOME)
    job = small_load(cluster, tmp_path)
    [attempt] = struct.unpack_from("<q", stranger.receive(LEASE))
    if lie == "finished":
        stranger.send(finished(attempt))
        assert stranger.is_cut_off()
    elif lie == "foreign result":
        other.send(result(attempt, lines=2, columns=1) + run_end())
        assert other.is_cut_off()
    else:
        other.send(finished(attempt))
        assert other.is_cut_off()
    for worker in (stranger, other):
        worker.socket.close()
    status = cluster.wait(job, 60)
    assert status["state"] == "DONE", status
    assert status["steps"][0]["rows"] == 2


def test_a_result_for_a_task_without_data_does_not_hold_its_job(new_cluster):
    cluster = new_cluster(pools=[static_pool("odd"), process_pool("sound", 1)])
    stranger = join(cluster, "odd")
    job = cluster.submit("selftest", "--set", "tasks=3")
    payload = stranger.receive(LEASE_SYNTHETIC)
    [attempt] = struct.unpack_from("<q", payload, 4)
    stranger.send(result(attempt) + run_end())
    assert stranger.is_cut_off()
    stranger.socket.close()
    assert cluster.wait(job, 60)["state"] == "DONE"


def test_a_pipe_as_input_is_refused_at_once(shared_cluster, tmp_path):
    os.mkfifo(tmp_path / "t.tsv.gz")
    done = shared_cluster.run(
        "submit", job_file(tmp_path, "t", [column("a")]), "--input", tmp_path, code=None, timeout=20
    )
    assert done.returncode == 2 and "regular file" in done.stderr
    serves(shared_cluster)
