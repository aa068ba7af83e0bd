"""The recipe examples/pools/slurm.yaml, as it stands, against a Slurm of the test's own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness import free_port, process_pool, recipe_pool, wait_until

SEARCHED = os.environ["PATH"] + ":/usr/sbin"
MISSING = [
    tool
    for tool in ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "sinfo", "squeue")
    if not shutil.which(tool, path=SEARCHED)
]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


class Slurm:
    """A controller and one node of 16 processors on loopback, with a key that only they know."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        self.key = folder / "munge.key"
        self.key.write_bytes(os.urandom(128))
        self.key.chmod(0o600)
        self.config = folder / "slurm.conf"
        self.user, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname()
        # The plugins are those that need no control groups, accounts or MPI of the machine's.
        self.config.write_text(
            f"ClusterName=test\nSlurmUser={self.user}\nSlurmdUser={self.user}\n"
            f"SlurmctldHost={host}(127.0.0.1)\n"
            f"SlurmctldPort={free_port()}\nSlurmdPort={free_port()}\n"
            "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\n"
            f"AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket={folder}/munge.socket\n"
            f"StateSaveLocation={folder}/state\nSlurmdSpoolDir={folder}/spool\n"
            f"SlurmctldPidFile={folder}/slurmctld.pid\nSlurmdPidFile={folder}/slurmd.pid\n"
            "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n"
            "JobAcctGatherType=jobacct_gather/none\nMpiDefault=none\nSwitchType=switch/none\n"
            "SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\n"
            # Jobs begin at once, and the node has as many processors as the next line says.
            "SchedulerParameters=batch_sched_delay=0\nSlurmdParameters=config_overrides\n"
            f"NodeName=node-1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs=16\n"
            "PartitionName=all Nodes=node-1 Default=YES\n"
        )
        self.environment = dict(os.environ, SLURM_CONF=str(self.config))
        self.processes = []

    def run(self, *command):
        """What a command of Slurm's prints, or None where it fails or gets no answer."""
        try:
            done = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, timeout=20
            )
        except subprocess.TimeoutExpired:
            return None
        return done.stdout if done.returncode == 0 else None

    def jobs(self, states="pending,running,completing"):
        """The names of the jobs in these states: of all that have not ended."""
        names = self.run("squeue", "--noheader", f"--states={states}", "--format=%j")
        assert names is not None, "squeue fails"
        return names.split()

    def start(self):
        # It distrusts folders that others may write to, as /tmp is above the test's.
        self.begin(
            "munged",
            "--foreground",
            "--force",
            f"--key-file={self.key}",
            *(f"--{file}-file={self.folder}/munge.{file}" for file in ("log", "pid", "seed")),
            f"--socket={self.folder}/munge.socket",
        )
        self.await_start((self.folder / "munge.socket").exists)
        self.begin("slurmctld", "-D", "-i")
        self.begin("slurmd", "-D", "-N", "node-1")
        self.await_start(lambda: self.run("sinfo", "--noheader", "--format=%T") == "idle\n")

    def await_start(self, condition):
        """Waits for the condition; where one of the processes ends instead, skips the test."""
        wait_until(lambda: self.ended() or condition(), "a Slurm that is ready", 30)
        if ended := self.ended():
            program = Path(ended[0]).name
            lines = (self.folder / f"{program}.log").read_text().splitlines()
            pytest.skip(f"{program} does not start here: {lines[-1] if lines else 'no message'}")

    def begin(self, program, *arguments):
        log = (self.folder / f"{program}.log").open("a")
        command = [shutil.which(program, path=SEARCHED), *arguments]
        process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self.processes.append(process)

    def ended(self):
        return [process.args[0] for process in self.processes if process.poll() is not None]

    def stop(self):
        """Its last jobs end first: what runs one is a process apart from the node's."""
        try:
            if not self.ended():
                self.run("scancel", "--full", "--signal=KILL", f"--user={self.user}")
                self.run("scancel", f"--user={self.user}")
                wait_until(lambda: not self.jobs(), "the end of Slurm's jobs", 30)
        finally:
            for process in reversed(self.processes):
                process.terminate()
                process.wait(20)


@pytest.fixture
def slurm(tmp_path, otjob, monkeypatch):
    cluster = Slurm(tmp_path / "slurm")
    monkeypatch.setenv("SLURM_CONF", str(cluster.config))
    # A job has the environment of whoever submitted it: of the coordinator.
    monkeypatch.setenv("PATH", f"{Path(otjob).parent}:{os.environ['PATH']}")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def recipe():
    return recipe_pool("slurm")


# The fixture of Slurm comes first everywhere: it ends after the clusters whose workers it runs.


def test_workers_are_started_and_stopped_as_jobs_of_slurm(slurm, new_cluster, sample, recipe):
    cluster = new_cluster(pools=[recipe])
    status = cluster.load("title_ratings", "--input", sample(0.002))
    assert status["pool"] == "slurm"
    workers = cluster.json("workers")
    assert len(workers) == 2
    assert all(worker["slots"] == 4 for worker in workers)
    assert sorted(slurm.jobs("running")) == sorted(worker["name"] for worker in workers)
    for worker in workers:
        told = Path(f"/proc/{worker['pid']}/environ").read_bytes().split(b"\0")
        assert f"SLURM_JOB_NAME={worker['name']}".encode() in told
        assert b"SLURM_CPUS_PER_TASK=4" in told
    cluster.run("down", "--config", cluster.config)
    wait_until(lambda: cluster.processes() == [], "the end of all workers", 10)
    wait_until(lambda: slurm.jobs() == [], "the end of Slurm's jobs", 30)


def test_what_a_dead_coordinator_started_as_jobs_of_slurm_is_stopped(slurm, new_cluster, recipe):
    cluster = new_cluster(pools=[recipe])
    cluster.submit("selftest", "--set", "tasks=1000", "--set", "sleep=0.1s")
    wait_until(lambda: len(cluster.worker_pids()) == 2, "two workers", 30)
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.run("down", "--config", cluster.config)
    wait_until(lambda: cluster.processes() == [], "the end of all workers", 10)
    wait_until(lambda: slurm.jobs() == [], "the end of Slurm's jobs", 30)


def test_jobs_that_slurm_does_not_begin_are_cancelled(slurm, new_cluster, sample, recipe):
    assert slurm.run("scontrol", "update", "PartitionName=all", "State=DOWN") is not None
    recipe = recipe.replace("acquire_timeout: 10m", "acquire_timeout: 2s")
    cluster = new_cluster(pools=[recipe, process_pool("local", 1)])
    job = cluster.submit("title_ratings", "--input", sample(0.0005))
    wait_until(lambda: len(slurm.jobs("pending")) == 2, "two jobs in the queue", 10)
    status = cluster.wait(job)
    assert (status["state"], status["pool"]) == ("DONE", "local")
    [pool] = [pool for pool in cluster.json("pools") if pool["name"] == "slurm"]
    assert pool["state"] == "EXHAUSTED"
    wait_until(lambda: slurm.jobs() == [], "the end of what waits in the queue", 60)
