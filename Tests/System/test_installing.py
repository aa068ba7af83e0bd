"""Coordinator and workers are installed as services; doing it again changes nothing that was set."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT

UNITS = {
    "coordinator": ("otjob-coordinator.service", "/etc/otcluster/cluster.yaml"),
    "worker": ("otjob-worker@.service", "/etc/otcluster/worker.conf"),
}
# Of every Debian, and of the toolchain where the program is a debug build.
EVERYWHERE = {"libc6", "libgcc-s1"}


@pytest.fixture
def install(otjob, tmp_path):
    """install("worker") runs its script into one tree, which is returned; `told` is what it printed."""

    def run(role, *options, code=0):
        tree = tmp_path / "tree"
        command = [ROOT / f"scripts/install-{role}", "--binary", otjob, "--root", tree, *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        run.told = done.stdout
        return tree if code == 0 else done.stderr

    return run


def files(tree):
    """Path in the tree to mode and content."""
    return {
        "/" + str(path.relative_to(tree)): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in tree.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("role", UNITS)
def test_a_role_is_its_program_its_unit_and_its_configuration(install, otjob, role):
    unit, configuration = UNITS[role]
    found = files(install(role))
    assert {path: mode for path, (mode, _) in found.items()} == {
        "/usr/local/bin/otjob": 0o755,
        "/usr/local/share/doc/otcluster/operations.md": 0o644,
        "/usr/local/lib/sysusers.d/otcluster.conf": 0o644,
        f"/etc/systemd/system/{unit}": 0o644,
        configuration: 0o644,
    }
    assert found["/usr/local/bin/otjob"][1] == Path(otjob).read_bytes()


@pytest.mark.parametrize("role", UNITS)
def test_installing_again_keeps_the_configuration_and_renews_the_rest(install, role):
    unit, configuration = UNITS[role]
    tree = install(role)
    first = files(tree)
    assert files(install(role)) == first
    (tree / configuration[1:]).write_text("mine")
    (tree / "etc/systemd/system" / unit).write_text("of an older release")
    again = files(install(role))
    assert again.pop(configuration)[1] == b"mine"
    first.pop(configuration)
    assert again == first


def test_a_worker_of_another_machine_gets_its_coordinator_and_its_token(install, tmp_path):
    token = tmp_path / "token"
    token.write_text("otj1.8080.ab.cd\n")
    options = ["--coordinator", "coordinator.example:7077", "--token", token]
    found = files(install("worker", *options))
    assert found["/etc/otcluster/join-token"] == (0o640, token.read_bytes())
    lines = found["/etc/otcluster/worker.conf"][1].decode().splitlines()
    assert "COORDINATOR=coordinator.example:7077" in lines
    assert "OPTIONS=--token-file /etc/otcluster/join-token" in lines
    # Another token replaces the one before; the configuration stays.
    token.write_text("otj1.8080.ab.ef\n")
    again = files(install("worker", "--token", token))
    assert again.pop("/etc/otcluster/join-token")[1] == b"otj1.8080.ab.ef\n"
    found.pop("/etc/otcluster/join-token")
    assert again == found
    assert "no token" in install("worker", "--token", tmp_path / "nothing", code=2)


def test_what_a_configuration_lacks_that_is_kept_is_told(install, tmp_path):
    token = tmp_path / "token"
    token.write_text("otj1.8080.ab.cd\n")
    options = ["--coordinator", "coordinator.example:7077", "--token", token]
    install("worker", *options)
    assert "worker.conf is as it was" not in install.told
    (tmp_path / "tree/etc/otcluster/worker.conf").unlink()
    install("worker")
    install("worker", *options)
    assert "set COORDINATOR=coordinator.example:7077" in install.told
    assert "add --token-file /etc/otcluster/join-token to its OPTIONS" in install.told


def test_a_strict_umask_hides_no_folder_from_the_services(install):
    before = os.umask(0o077)
    try:
        tree = install("coordinator")
    finally:
        os.umask(before)
    folders = [path for path in tree.rglob("*") if path.is_dir()]
    assert tree / "etc/otcluster" in folders
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o755}


def test_a_wrong_option_is_wrong_usage_and_installs_nothing(install, tmp_path):
    assert "--help" in install("worker", "--pool", "zone-b", code=2)
    assert "no program" in install("coordinator", "--binary", "/nowhere", code=2)
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("role", UNITS)
def test_systemd_accepts_the_unit(install, role, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not there")
    tree = install(role)
    unit = tree / "etc/systemd/system" / UNITS[role][0]
    # The program is looked for where it would be; here, it is in the tree.
    text = unit.read_text().replace("/usr/local/bin", f"{tree}/usr/local/bin")
    copy = tmp_path / unit.name.replace("@", "@zone-b")
    copy.write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", copy]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    told = [line for line in done.stderr.splitlines() if copy.name in line]
    assert (done.returncode, told) == (0, []), done.stderr


def test_the_user_of_the_units_is_the_one_that_is_made(install):
    if not shutil.which("systemd-sysusers") or os.geteuid() != 0:
        pytest.skip("users are made by systemd-sysusers, as root")
    tree = install("worker")
    install("coordinator")
    command = ["systemd-sysusers", f"--root={tree}", "otcluster.conf"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    [user] = [line for line in (tree / "etc/passwd").read_text().splitlines() if "otcluster" in line]
    assert user.startswith("otcluster:") and ":/var/lib/otcluster:" in user
    for unit, _ in UNITS.values():
        assert "\nUser=otcluster\n" in (tree / "etc/systemd/system" / unit).read_text()


def test_the_configuration_that_is_installed_can_be_read(install, otjob, tmp_path):
    text = (install("coordinator") / "etc/otcluster/cluster.yaml").read_text()
    config = tmp_path / "cluster.yaml"
    config.write_text(text.replace("/var/lib/otcluster", str(tmp_path)))
    command = [otjob, "down", "--config", config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "nothing runs\n"), done.stderr


def test_every_library_of_the_program_is_of_a_package_that_is_listed(otjob):
    listed = set((ROOT / "packaging/runtime-packages").read_text().split())
    linked = subprocess.run(["ldd", otjob], capture_output=True, text=True, check=True).stdout
    paths = {line.split()[2] for line in linked.splitlines() if "=> /" in line}
    used = {package for path in paths if (package := package_of(path))}
    assert used - EVERYWHERE <= listed


def package_of(path):
    """The Debian package that a library is of; None for what no package brought here."""
    path = str(Path(path).resolve())
    for name in (path, path.removeprefix("/usr")):
        done = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    return None
