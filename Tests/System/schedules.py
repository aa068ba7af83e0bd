"""Random faults against a loading cluster: what they are, and a run under them."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

from fault_proxy import DOWN, UP, FaultProxy
from harness import ENDED, Cluster, process_pool, static_pool, wait_until
from oracle import Watcher

CHUNK = "64KiB"
LOST_AFTER = 1.5
TMPFS_MIB = 48


class Schedule:
    """What happens in one run, fixed by its seed: which cluster, and which faults when.

    A fault comes when a share of all chunks is done, and a moment later; so a schedule means the
    same on slow and fast machines.
    """

    KINDS = ("process", "network", "partition", "disk")
    # Those that change mounts or packet filters, in namespaces of their own.
    NAMESPACED = ("partition", "disk")

    def __init__(self, seed):
        choose = random.Random(seed)
        self.seed, self.workers = seed, choose.randint(2, 3)
        self.kind = choose.choice(self.KINDS)
        self.faults = []
        for _ in range(choose.randint(1, 6)):
            share, moment = choose.uniform(0, 0.97), choose.choice([0, choose.uniform(0, 0.2)])
            self.faults.append((share, moment, self._fault(choose)))
        self.faults.sort(key=lambda fault: fault[:2])

    def _fault(self, choose):
        worker = choose.randrange(self.workers)
        ways = choose.choice([(UP,), (DOWN,), (UP, DOWN)])
        # Within what a heartbeat excuses, or beyond the lease.
        pause = choose.choice([0.3, LOST_AFTER * 1.5])
        anywhere = [
            ("kill worker", worker),
            ("freeze worker", worker, pause),
            ("kill coordinator",),
            ("kill coordinator twice", choose.uniform(0, 0.3)),
            ("freeze coordinator", pause),
        ]
        special = {
            "process": anywhere,
            "network": [
                ("cut", worker),
                ("cut in a frame", worker, choose.randint(1, 200_000)),
                ("stall", worker, pause, ways),
                ("delay", worker, pause, choose.choice([0.001, 0.02])),
            ],
            "partition": [("drop packets", pause, ways)],
            "disk": [("fill", choose.choice(["state", "store"]), choose.uniform(0.2, 1.5))],
        }[self.kind]
        return choose.choice(choose.choice([anywhere, special]))

    def __str__(self):
        told = (
            f"{' '.join(str(round(w, 3) if isinstance(w, float) else w) for w in what)}"
            f" at {share:.0%}+{moment:.2f}s"
            for share, moment, what in self.faults
        )
        return f"{self.kind}, {self.workers} workers: {', '.join(told)}"


class Run:
    """One schedule on one cluster, from `otjob up` to `otjob down`."""

    def __init__(self, otjob, sample, oracle, chunks, schedule, folder):
        self.sample, self.oracle, self.chunks, self.schedule = sample, oracle, chunks, schedule
        pool = process_pool("local", schedule.workers)
        if schedule.kind == "network":
            pool = static_pool("far")
        self.cluster = Cluster(
            otjob, folder, pools=[pool], chunk=CHUNK, heartbeat="200ms", lost_after=f"{LOST_AFTER}s"
        )
        self.problems, self.timers, self.slowest_restart = [], [], 0
        self.proxies, self.own_workers, self.mounts = [], {}, []
        self.is_over = threading.Event()

    def go(self):
        watcher = Watcher(self.oracle, self.cluster.catalog)
        try:
            self._begin()
            watcher.start()
            job = self.cluster.submit("imdb", "--input", self.sample)
            for share, moment, fault in self.schedule.faults:
                if self._wait_for_share(job, share):
                    time.sleep(moment)
                    self._strike(*fault)
            for timer in self.timers:
                timer.join()
            self._check_end(self._end(job))
            self.problems += watcher.stop()
        except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            self.is_over.set()
            watcher.stopped.set()
            for timer in self.timers:
                timer.join()
            self._take_down()
        return watcher.reads

    def _begin(self):
        if self.schedule.kind == "disk":
            for folder in (self.cluster.state, self.cluster.store):
                folder.mkdir()
                mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MIB}m", "chaos", str(folder)]
                subprocess.run(mount, check=True)
                self.mounts.append(folder)
        self.cluster.up()
        if self.schedule.kind == "network":
            for index in range(self.schedule.workers):
                self.proxies.append(FaultProxy(self.cluster.worker_port))
                threading.Thread(target=self._supervise, args=(index,), daemon=True).start()

    def _supervise(self, index):
        """Keeps one worker of the static pool running, as a service manager does."""
        command = [self.cluster.otjob, "worker", "--pool", "far", "--coordinator"]
        command.append(f"127.0.0.1:{self.proxies[index].port}")
        with (self.cluster.folder / f"worker{index}.log").open("w") as log:
            while not self.is_over.is_set():
                self.own_workers[index] = worker = subprocess.Popen(
                    command, env=self.cluster.environment, stdout=log, stderr=log
                )
                worker.wait()
                self.is_over.wait(0.2)

    # Waiting

    def _status(self, job):
        """The job's status; None while the coordinator does not answer."""
        done = self.cluster.run("status", job, "--json", code=None, timeout=60)
        return json.loads(done.stdout) if done.returncode in (0, 1, 4) and done.stdout else None

    def _wait_for_share(self, job, share):
        """Waits until that share of all chunks is done; False where the job has ended before."""

        def reached():
            status = self._status(job)
            if status is None:
                return None
            if status["state"] in ENDED:
                return "ended"
            done = sum(step["chunks"]["done"] for step in status["steps"])
            return "reached" if done >= share * self.chunks else None

        return wait_until(reached, f"{share:.0%} of the job") == "reached"

    def _end(self, job):
        def ended():
            status = self._status(job)
            return status if status and status["state"] in ENDED else None

        return wait_until(ended, f"end of job {job}")

    # Faults

    def _strike(self, what, *how):
        {
            "kill worker": self._kill_worker,
            "freeze worker": self._freeze_worker,
            "kill coordinator": self._kill_coordinator,
            "kill coordinator twice": self._kill_coordinator,
            "freeze coordinator": self._freeze_coordinator,
            "cut": lambda index: self.proxies[index].cut(),
            "cut in a frame": lambda index, count: self.proxies[index].cut(count),
            "stall": self._stall,
            "delay": self._delay,
            "drop packets": self._drop_packets,
            "fill": self._fill,
        }[what](*how)

    def _later(self, seconds, action):
        def act():
            try:
                action()
            except (OSError, subprocess.SubprocessError) as error:
                self.problems.append(f"a fault could not be ended: {error}")

        timer = threading.Timer(seconds, act)
        timer.start()
        self.timers.append(timer)

    def _worker(self, index):
        if self.schedule.kind == "network":
            return self.own_workers[index].pid
        coordinator = self.cluster.coordinator_pid()
        workers = sorted(set(self.cluster.processes()) - {coordinator})
        return workers[index % len(workers)] if workers else None

    def _kill_worker(self, index):
        send(self._worker(index), signal.SIGKILL)

    def _freeze_worker(self, index, seconds):
        pid = self._worker(index)
        send(pid, signal.SIGSTOP)
        self._later(seconds, lambda: send(pid, signal.SIGCONT))

    def _freeze_coordinator(self, seconds):
        pid = self.cluster.coordinator_pid()
        send(pid, signal.SIGSTOP)
        time.sleep(seconds)
        send(pid, signal.SIGCONT)

    def _kill_coordinator(self, again_after=None):
        send(self.cluster.coordinator_pid(), signal.SIGKILL)
        begin = time.monotonic()
        if again_after is not None:
            up = subprocess.Popen(
                [self.cluster.otjob, "up", "--config", self.cluster.config],
                env=self.cluster.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(again_after)
            up.kill()
            up.wait()
            for pid in self._coordinators():
                send(pid, signal.SIGKILL)
            begin = time.monotonic()
        self.cluster.up()
        self.slowest_restart = max(self.slowest_restart, time.monotonic() - begin)

    def _coordinators(self):
        for pid in self.cluster.processes():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"coordinator" in words:
                yield pid

    def _stall(self, index, seconds, ways):
        self.proxies[index].stall(*ways)
        self._later(seconds, self.proxies[index].heal)

    def _delay(self, index, seconds, delay):
        self.proxies[index].delay_seconds = delay
        self._later(seconds, self.proxies[index].heal)

    def _drop_packets(self, seconds, ways):
        """Lets no packet of any worker through, one way or both, as a dead switch does."""
        port = self.cluster.worker_port
        rules = {UP: f"tcp dport {port} drop", DOWN: f"tcp sport {port} drop"}
        table = f"inet chaos{len(self.timers)}"
        packet_filter(
            f"add table {table}",
            f"add chain {table} input {{ type filter hook input priority 0; }}",
            *(f"add rule {table} input {rules[way]}" for way in ways),
        )
        self._later(seconds, lambda: packet_filter(f"delete table {table}"))

    def _fill(self, which, seconds):
        ballast = getattr(self.cluster, which) / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(64 << 10))
        except OSError:
            pass  # it is full
        self._later(seconds, lambda: ballast.unlink(missing_ok=True))

    # The end

    def _check_end(self, status):
        filled = any(what[0] == "fill" for _, _, what in self.schedule.faults)
        if filled and status["state"] == "ERROR":
            # A full disk may fail a job, if it says so; the next one needs no help.
            reason = status["reason"] or ""
            if "space" not in reason and "disk" not in reason:
                self.problems.append(f"failed, but not for the full disk: {reason}")
            status = self._end(self.cluster.submit("imdb", "--input", self.sample))
        if status["state"] != "DONE":
            self.problems.append(f"ended {status['state']}: {status['reason']}")
        self.problems += self.oracle.problems(self.cluster.catalog)

    def _take_down(self):
        for proxy in self.proxies:
            proxy.close()
        for worker in list(self.own_workers.values()):
            worker.kill()
            worker.wait()
        try:
            self.cluster.down()
        except (AssertionError, subprocess.SubprocessError) as error:
            self.problems.append(f"down: {error}")
        for folder in self.mounts:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def packet_filter(*commands):
    subprocess.run(["nft", "; ".join(commands)], check=True)


def send(pid, number):
    """Sends a signal to a process that may be gone by now."""
    try:
        if pid is not None:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
