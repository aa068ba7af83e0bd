"""Hostile clients by the thousand, and an honest one that measures what they cost it.

As a program it is the flood: `flood.py KIND PORT COUNT SECONDS PATH` keeps COUNT connections open to
a port of 127.0.0.1, from 127.0.0.2 and up, opens those anew that are closed, and prints what became
of them as JSON. A process of its own, so that it does not hold up the probe.
"""

import http.client
import json
import random
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time

HOST_HEADER = b"Host: localhost\r\n"
# Connections of one hostile address: more than the coordinator grants one.
PER_ADDRESS = 100
# New connections a second: all that are asked for within seconds, and then those in place of closed
# ones. More would measure how this machine shares its cores.
PER_SECOND = 2000


class Kind:
    """How one sort of hostile client behaves."""

    def __init__(self, greeting=b"", drip=b"", reads=True):
        self.greeting = greeting  # sent at once
        self.drip = drip  # sent once a second, as far as it is taken
        self.reads = reads  # whether what comes is read


def kinds(path):
    """All sorts by name; `path` is what slow readers ask for."""
    ask = b"GET %s HTTP/1.1\r\n" % path.encode() + HOST_HEADER + b"\r\n"
    return {
        # Of the HTTP port
        "idle": Kind(),
        "half a request": Kind(b"GET / HT"),
        "slowloris": Kind(b"GET / HTTP/1.1\r\n" + HOST_HEADER, drip=b"X-a: b\r\n"),
        "endless header": Kind(b"GET / HTTP/1.1\r\n" + HOST_HEADER + b"X: ", drip=b"x" * 65536),
        "slow body": Kind(
            b"POST /api/jobs HTTP/1.1\r\n" + HOST_HEADER
            + b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
            drip=b" " * 1000,
        ),
        "no HTTP": Kind(random.Random(1).randbytes(2000)),
        "slow reader": Kind(ask, reads=False),
        # Of the workers' port
        "silent worker": Kind(),
        "half a hello": Kind(struct.pack("<IB3x", 4000, 1) + bytes(100), drip=b"\0"),
        # The first bytes of a TLS 1.3 handshake that promises 512
        "half a handshake": Kind(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    }


class Swarm:
    """Many connections of one kind, in one thread."""

    def __init__(self, kind, port, count):
        self.kind, self.port, self.count = kind, port, count
        self.epoll = select.epoll()
        self.open = {}  # descriptor: (socket, when it was opened)
        self.addresses = 0
        self.opened, self.most, self.lives = 0, 0, []

    def run(self, seconds):
        start = dripped = time.monotonic()
        end = start + seconds
        while (now := time.monotonic()) < end:
            allowed = int((now - start) * PER_SECOND) - self.opened
            for _ in range(min(self.count - len(self.open), allowed)):
                self._connect(now)
            self.most = max(self.most, len(self.open))
            for descriptor, event in self.epoll.poll(0.05):
                self._happened(descriptor, event)
            if self.kind.drip and now - dripped >= 1:
                dripped = now
                for entry in list(self.open.values()):
                    self._send(entry[0], self.kind.drip)
        ages = [end - opened for _, opened in self.open.values()]
        return {
            "opened": self.opened,
            "most": self.most,
            "closed": len(self.lives),
            "longest": round(max(self.lives + ages, default=0), 1),
        }

    def _connect(self, now):
        self.addresses += 1
        number = self.addresses % max(1, self.count // PER_ADDRESS)
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # The port is chosen with the connection: ip(7), IP_BIND_ADDRESS_NO_PORT.
        client.setsockopt(socket.IPPROTO_IP, 24, 1)
        client.bind((f"127.0.{1 + number // 250}.{2 + number % 250}", 0))
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", self.port))
        self.open[client.fileno()] = (client, now)
        self.opened += 1
        interest = select.EPOLLOUT | select.EPOLLRDHUP
        self.epoll.register(client.fileno(), interest | (select.EPOLLIN if self.kind.reads else 0))

    def _happened(self, descriptor, event):
        client, opened = self.open[descriptor]
        if event & select.EPOLLOUT and not event & select.EPOLLHUP:
            self._send(client, self.kind.greeting)
            interest = select.EPOLLRDHUP | (select.EPOLLIN if self.kind.reads else 0)
            self.epoll.modify(descriptor, interest)
        if event & select.EPOLLIN:
            try:
                if client.recv(65536):
                    return
            except OSError:
                pass  # it was reset, which the event tells as well
        if event & (select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
            self.lives.append(time.monotonic() - opened)
            del self.open[descriptor]
            client.close()

    def _send(self, client, data):
        try:
            client.send(data, socket.MSG_NOSIGNAL)
        except OSError:
            pass  # full, or gone: the next event tells which


class Flood:
    """A swarm in a process of its own, for as long as a `with` lasts, at most `seconds`."""

    def __init__(self, kind, port, *, count, seconds, path="/"):
        command = [sys.executable, __file__, kind, port, count, seconds, path]
        self.command = [str(part) for part in command]
        self.seconds = seconds

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self

    def result(self):
        """What became of the connections, when the time is over."""
        out, _ = self.process.communicate(timeout=self.seconds + 60)
        assert self.process.returncode == 0, f"the flood ended with {self.process.returncode}"
        return json.loads(out)

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Probe:
    """An honest client at 127.0.0.1 that asks again and again, each time on a new connection."""

    PATHS = ("/api/jobs", "/api/workers", "/api/pools", "/api/version")

    def __init__(self, port):
        self.port = port
        self.seconds, self.failures = [], []
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ends.set()
        self.thread.join()

    def _run(self):
        asked = 0
        while not self.ends.wait(0.01):
            path = self.PATHS[asked % len(self.PATHS)]
            asked += 1
            begin = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(f"{path}: {answer.status}")
            except OSError as error:
                self.failures.append(f"{path}: {error!r}")
            finally:
                connection.close()
            self.seconds.append(time.monotonic() - begin)

    def quantile(self, share):
        """Seconds within which this share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def allow_sockets(count):
    """Raises this process's limit of open files as far as the system allows; says whether it is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, max(soft, count + 100))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted >= count + 100


def main():
    kind, port, count, seconds, path = sys.argv[1:]
    if not allow_sockets(int(count)):
        sys.exit(f"flood: {count} connections are more files than the limit (ulimit -Hn) allows")
    print(json.dumps(Swarm(kinds(path)[kind], int(port), int(count)).run(float(seconds))))


if __name__ == "__main__":
    main()
