"""Hostile clients by the thousand, and an honest one that measures what they cost it.

As a program it is the flood: it keeps connections open to a port of 127.0.0.1, from 127.0.0.2 and up,
opens those anew that are closed, and prints what became of them as JSON; `Flood` starts it. A process of
its own, so that it does not hold up the probe.
"""

import http.client
import json
import random
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

HOST_HEADER = b"Host: localhost\r\n"
# Connections of one hostile address, unless the number of addresses is told: more than the coordinator
# grants one.
PER_ADDRESS = 100
# New connections a second: all that are asked for within seconds, and then those in place of closed
# ones. More would measure how this machine shares its cores.
PER_SECOND = 2000
# The same where there are handshakes, which cost both sides much more: 10,000 take 16 s.
TLS_PER_SECOND = 650


class Kind:
    """How one sort of hostile client behaves."""

    def __init__(self, greeting=b"", drip=b"", reads=True, tls=False):
        self.tls = tls  # whether there is a whole handshake before anything else
        self.greeting = greeting  # sent at once
        self.drip = drip  # sent once a second, as far as it is taken
        self.reads = reads  # whether what comes is read


def kinds(path):
    """All sorts by name; `path` is what slow readers ask for."""
    ask = b"GET %s HTTP/1.1\r\n" % path.encode() + HOST_HEADER + b"\r\n"
    half_a_hello = struct.pack("<IB3x", 4000, 1) + bytes(100)
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
        "half a hello": Kind(half_a_hello, drip=b"\0"),
        # Of a port that speaks TLS: the first bytes of a message that promises 512
        "half a handshake": Kind(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        # All of it, always the same: the coordinator makes keys and a signature for nothing
        "unanswered handshake": Kind(client_hello()),
        "silent in TLS": Kind(tls=True),
        "slowloris in TLS": Kind(b"GET /", drip=b"a", tls=True),
        "half a hello in TLS": Kind(half_a_hello, drip=b"\0", tls=True),
    }


def client_context(certificate=None):
    """A client of TLS that trusts everybody, with or without a certificate (and its key, in one file)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    return context


def client_hello():
    """The first message of a handshake."""
    said = ssl.MemoryBIO()
    try:
        client_context().wrap_bio(ssl.MemoryBIO(), said).do_handshake()
    except ssl.SSLWantReadError:
        pass  # for the answer, which is never read
    return said.read()


class Member:
    """One connection of a swarm."""

    def __init__(self, client, opened):
        self.client, self.opened = client, opened
        self.shakes = False  # in its handshake
        self.greeted = False


class Swarm:
    """Many connections of one kind, in one thread."""

    def __init__(
        self, kind, port, *, count, addresses=None, rate=PER_SECOND, path="/", certificate=None
    ):
        self.kind, self.port, self.count, self.rate = kinds(path)[kind], port, count, rate
        self.addresses = addresses or max(1, count // PER_ADDRESS)
        self.context = client_context(certificate)
        self.epoll = select.epoll()
        self.open = {}  # by descriptor
        self.opened, self.greeted, self.most, self.lives = 0, 0, 0, []

    def run(self, seconds):
        """Floods for so long; where the machine is slow, until `count` were through once."""
        start = dripped = time.monotonic()
        end, patience = start + seconds, start + seconds + 30
        while (now := time.monotonic()) < end or (self.greeted < self.count and now < patience):
            allowed = int((now - start) * self.rate) - self.opened
            for _ in range(min(self.count - len(self.open), allowed)):
                self._connect(now)
            self.most = max(self.most, len(self.open))
            for descriptor, event in self.epoll.poll(0.05):
                self._happened(self.open[descriptor], event)
            if self.kind.drip and now - dripped >= 1:
                dripped = now
                for member in list(self.open.values()):
                    if member.greeted:
                        self._send(member, self.kind.drip)
        ages = [now - member.opened for member in self.open.values()]
        return {
            "opened": self.opened,
            "greeted": self.greeted,  # connected, and through the handshake if there is one
            "most": self.most,
            "closed": len(self.lives),
            "longest": round(max(self.lives + ages, default=0), 1),
        }

    def _connect(self, now):
        self.opened += 1
        number = self.opened % self.addresses
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # The port is chosen with the connection: ip(7), IP_BIND_ADDRESS_NO_PORT.
        client.setsockopt(socket.IPPROTO_IP, 24, 1)
        client.bind((f"127.0.{1 + number // 250}.{2 + number % 250}", 0))
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", self.port))
        self.open[client.fileno()] = Member(client, now)
        self.epoll.register(client.fileno(), select.EPOLLOUT | select.EPOLLRDHUP)

    def _happened(self, member, event):
        if event & (select.EPOLLHUP | select.EPOLLERR):
            self._lose(member)
        elif not member.greeted:
            self._advance(member)
        elif event & select.EPOLLRDHUP or not self._hears(member):
            self._lose(member)

    def _advance(self, member):
        """Goes on with the handshake if there is one; the greeting comes after it."""
        descriptor = member.client.fileno()
        try:
            if self.kind.tls and not member.shakes:
                member.shakes = True
                member.client = self.context.wrap_socket(
                    member.client, do_handshake_on_connect=False
                )
            if member.shakes:
                member.client.do_handshake()
        except ssl.SSLWantReadError:
            self.epoll.modify(descriptor, select.EPOLLIN | select.EPOLLRDHUP)
        except ssl.SSLWantWriteError:
            self.epoll.modify(descriptor, select.EPOLLOUT | select.EPOLLRDHUP)
        except OSError:
            self._lose(member, descriptor)
        else:
            member.greeted = True
            self.greeted += 1
            interest = select.EPOLLRDHUP | (select.EPOLLIN if self.kind.reads else 0)
            self.epoll.modify(descriptor, interest)
            self._send(member, self.kind.greeting)

    def _hears(self, member):
        """Reads what is there; false at the end."""
        try:
            return bool(member.client.recv(65536))
        except ssl.SSLWantReadError:
            return True  # it was less than a record
        except OSError:
            return False

    def _send(self, member, data):
        try:
            member.client.send(data)
        except OSError:
            pass  # full, or gone: the next event tells which

    def _lose(self, member, descriptor=None):
        self.lives.append(time.monotonic() - member.opened)
        del self.open[member.client.fileno() if descriptor is None else descriptor]
        member.client.close()


class Flood:
    """A swarm in a process of its own, for as long as a `with` lasts, at most `seconds`.

    The options are those of `Swarm`.
    """

    def __init__(self, kind, port, *, seconds, **options):
        swarm = json.dumps({"kind": kind, "port": port, **options})
        self.command = [sys.executable, __file__, str(seconds), swarm]
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
    """An honest client at 127.0.0.1 that asks again and again, each time on a new connection.

    With the folder of a cluster's security it asks over TLS, and with the token.
    """

    PATHS = ("/api/jobs", "/api/workers", "/api/pools", "/api/version")

    def __init__(self, port, security=None):
        self.port = port
        self.context, self.headers = None, {}
        if security:
            self.context = ssl.create_default_context(cafile=security / "ca.pem")
            self.headers["Authorization"] = f"Bearer {(security / 'token').read_text().strip()}"
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
            connection = self._connection()
            try:
                connection.request("GET", path, headers=self.headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(f"{path}: {answer.status}")
            except OSError as error:
                self.failures.append(f"{path}: {error!r}")
            finally:
                connection.close()
            self.seconds.append(time.monotonic() - begin)

    def _connection(self):
        if self.context:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=30, context=self.context
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

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
    seconds, options = float(sys.argv[1]), json.loads(sys.argv[2])
    count = options["count"]
    if not allow_sockets(count):
        sys.exit(f"flood: {count} connections are more files than the limit (ulimit -Hn) allows")
    print(json.dumps(Swarm(**options).run(seconds)))


if __name__ == "__main__":
    main()
