"""The recipe examples/pools/ssh.yaml, as it stands, against sshd on this machine."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import free_port, process_pool, recipe_pool, wait_until

SSHD = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")

pytestmark = pytest.mark.skipif(not SSHD, reason="openssh-server is not installed")


def key(path):
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


class Sshd:
    """One sshd of the test's own: its keys, its port on loopback, its home for the workers' files."""

    def __init__(self, folder, otjob):
        self.folder, self.port = folder, free_port()
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        client = key(folder / "client")
        (folder / "authorized").write_text((folder / "client.pub").read_text())
        # A session begins in the user's home: the recipe's files shall be in the test's.
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {key(folder / 'host')}\n"
            f"AuthorizedKeysFile {folder}/authorized\n"
            f"PidFile {folder}/sshd.pid\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
            f"ForceCommand cd {self.home} && eval \"$SSH_ORIGINAL_COMMAND\"\n"
            f"SetEnv PATH={Path(otjob).parent}:/usr/bin:/bin\n"
        )
        (folder / "ssh_config").write_text(
            "Host worker-*\n"
            f"    HostName 127.0.0.1\n    Port {self.port}\n    IdentityFile {client}\n"
            "    IdentitiesOnly yes\n    StrictHostKeyChecking no\n"
            f"    UserKnownHostsFile {folder}/known\n    LogLevel ERROR\n"
        )
        # The recipe says ssh, and finds hosts and keys where a user's ssh finds them.
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "ssh").write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n'
        )
        (self.bin / "ssh").chmod(0o755)
        self.process = None

    def start(self):
        # Its privilege separation needs this folder, which a booted system makes.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        log = (self.folder / "sshd.log").open("a")
        command = [SSHD, "-D", "-e", "-f", self.folder / "sshd_config"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
        probe = [self.bin / "ssh", "worker-1", "true"]
        wait_until(lambda: subprocess.run(probe).returncode == 0, "sshd", 20)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def sshd(tmp_path, otjob):
    server = Sshd(tmp_path / "ssh", otjob)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def recipe(monkeypatch, sshd):
    monkeypatch.setenv("PATH", f"{sshd.bin}:{os.environ['PATH']}")
    return recipe_pool("ssh")


def commands(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


def test_workers_are_started_and_stopped_through_ssh(new_cluster, sample, sshd, recipe):
    cluster = new_cluster(pools=[recipe])
    status = cluster.load("title_ratings", "--input", sample(0.002))
    assert status["pool"] == "racks"
    workers = cluster.json("workers")
    assert len(workers) == 2
    for worker in workers:
        assert commands(worker["pid"])[-3:-1] == [b"--name", worker["name"].encode()]
        assert worker["slots"] == 2
    hosts = {
        (cluster.state / "started" / worker["name"]).read_text().split('"host":"')[1][:8]
        for worker in workers
    }
    assert hosts == {"worker-1", "worker-2"}
    cluster.run("down", "--config", cluster.config)
    assert cluster.processes() == []
    assert list(sshd.home.iterdir()) == []


def test_what_a_dead_coordinator_started_through_ssh_is_stopped(new_cluster, sshd, recipe):
    cluster = new_cluster(pools=[recipe])
    cluster.submit("selftest", "--set", "tasks=1000", "--set", "sleep=0.1s")
    wait_until(lambda: len(cluster.worker_pids()) == 2, "two workers", 30)
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.run("down", "--config", cluster.config)
    wait_until(lambda: cluster.processes() == [], "the end of all workers", 10)
    assert list(sshd.home.iterdir()) == []


def test_hosts_that_do_not_answer_are_left_for_the_next_pool(new_cluster, sample, sshd, recipe):
    sshd.stop()
    pools = [recipe.replace("acquire_timeout: 30s", "acquire_timeout: 2s"), process_pool("local", 1)]
    cluster = new_cluster(pools=pools)
    status = cluster.load("title_ratings", "--input", sample(0.0005))
    assert status["pool"] == "local"
    [pool] = [pool for pool in cluster.json("pools") if pool["name"] == "racks"]
    assert pool["state"] == "EXHAUSTED"
    assert "ssh: exit code 255: ssh: connect to host 127.0.0.1 port" in pool["reason"]
    # Whether anything runs there is known when the hosts are back.
    assert "could not stop" in pool["reason"]
    sshd.start()
    started = cluster.state / "started"
    wait_until(lambda: list(started.iterdir()) == [], "the stop of what was started", 60)
