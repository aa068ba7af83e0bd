"""Hosts of a network that the test made: namespaces that are joined by a bridge, and nothing else.

Nothing of it is in the machine's own network: the bridge is in a namespace, too. Needs the permission
to make them; `Hosts.are_permitted()` tells.
"""

import os
import shutil
import subprocess


class Hosts:
    """Hosts by name, in the network 10.99.0.0/24; the first has the address 10.99.0.1."""

    def __init__(self, *names):
        self.names = names
        self.made = []

    def __enter__(self):
        try:
            self._make("switch")
            self._ip("switch", "link", "add", "bridge", "type", "bridge")
            self._ip("switch", "link", "set", "bridge", "up")
            for number, name in enumerate(self.names, 1):
                self._make(name)
                self._plug(name, f"10.99.0.{number}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A pair of interfaces goes with the namespace of either.
        for namespace in self.made:
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)

    @staticmethod
    def are_permitted():
        if not shutil.which("ip"):
            return False
        with_rights = subprocess.run(["unshare", "--net", "true"], capture_output=True)
        return with_rights.returncode == 0 and os.geteuid() == 0

    def prefix(self, name):
        """What a command begins with that runs on the host."""
        return ["ip", "netns", "exec", self._namespace(name)]

    def address(self, name):
        return f"10.99.0.{self.names.index(name) + 1}"

    def cut_off(self, name):
        """Takes the host's cable out, at the far end: the host itself does not notice."""
        self._ip("switch", "link", "set", f"to-{name}", "down")

    def join_again(self, name):
        self._ip("switch", "link", "set", f"to-{name}", "up")

    def _namespace(self, name):
        return f"otjob-{os.getpid()}-{name}"

    def _make(self, name):
        subprocess.run(["ip", "netns", "add", self._namespace(name)], check=True, capture_output=True)
        self.made.append(self._namespace(name))
        self._ip(name, "link", "set", "lo", "up")

    def _plug(self, name, address):
        pair = ["name", "cable", "type", "veth", "peer", "name", f"to-{name}"]
        self._ip(name, "link", "add", *pair, "netns", self._namespace("switch"))
        self._ip("switch", "link", "set", f"to-{name}", "master", "bridge", "up")
        self._ip(name, "address", "add", f"{address}/24", "dev", "cable")
        self._ip(name, "link", "set", "cable", "up")

    def _ip(self, name, *words):
        command = ["ip", "-netns", self._namespace(name), *words]
        subprocess.run(command, check=True, capture_output=True)
