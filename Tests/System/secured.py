"""Clusters whose two ports speak TLS, and the workers that a test starts beside them."""

import signal
import subprocess

from harness import WRONG_USAGE, Cluster, wait_until


class SecuredCluster(Cluster):
    """A cluster with certificates; the user has its token and its authority.

    With `host`, an address of the machine, its ports are there; else they are on loopback.
    """

    def __init__(self, otjob, folder, *, certificates="24h", host=None, **options):
        super().__init__(otjob, folder, **options)
        self.address = host or "127.0.0.1"
        self.security = self.folder / "security"
        self.run("cluster", "init", "--dir", self.security, "--host", host or "coordinator.example")
        text = self.config.read_text()
        if host:
            for port in (self.worker_port, self.http_port):
                text = text.replace(f"127.0.0.1:{port}", f"0.0.0.0:{port}")
        tls = "auto" if host else "required"
        self.config.write_text(
            f"{text}security: {{tls: {tls}, directory: {self.security},"
            f" worker_certificates: {certificates}}}\n"
        )
        self.environment.update(
            OTJOB_COORDINATOR=f"https://{self.address}:{self.http_port}",
            OTJOB_TOKEN_FILE=str(self.security / "token"),
            OTJOB_CA_FILE=str(self.security / "ca.pem"),
        )
        self.started = []

    def token(self, pool="zone-b", *more):
        """A file with a new join token."""
        path = self.folder / f"token{len(list(self.folder.glob('token*')))}"
        path.write_text(self.run("token", "create", "--pool", pool, *more).stdout)
        return path

    def worker(self, *options, pool="zone-b", prefix=()):
        """Starts a worker, which ends with the test at the latest."""
        command = [*prefix, self.otjob, "worker", "--coordinator", f"{self.address}:{self.worker_port}"]
        command += ["--pool", pool, "--slots", "1", *map(str, options)]
        log = self.folder / f"worker{len(self.started)}.log"
        process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stderr=log.open("w")
        )
        process.log = log
        self.started.append(process)
        return process

    def refusal(self, *options, code=WRONG_USAGE, **more):
        """What a worker says that must end by itself."""
        process = self.worker(*options, **more)
        assert process.wait(20) == code, process.log.read_text()
        return process.log.read_text()

    def joined(self, process):
        """The worker as it is listed, once it works."""

        def listed():
            assert process.poll() is None, process.log.read_text()
            found = [w for w in self.json("workers") if w["pid"] == process.pid and w["state"] == "READY"]
            return found[0] if found else None

        return wait_until(listed, "the worker joins", 30)

    def certificate(self, pool):
        """Key and certificate, in one file, of a worker that joined and is gone."""
        identity = self.folder / f"identity{len(self.started)}"
        worker = self.worker("--token-file", self.token(pool), "--identity", identity, pool=pool)
        self.joined(worker)
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
        return identity / "worker.pem"

    def down(self):
        self.end_workers()
        super().down()

    def end_workers(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait(20)
