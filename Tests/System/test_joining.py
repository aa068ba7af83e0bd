"""Workers prove who they are: they join with a token, keep an identity, renew it, and lose it."""

import os
import signal
import stat
import subprocess

import pytest

from harness import DONE, UNREACHABLE, WRONG_USAGE, Cluster, process_pool, static_pool, wait_until
from secured import SecuredCluster
from test_command_pools import Cloud


@pytest.fixture
def secured(otjob, tmp_path):
    """Starts secured clusters with a pool of their own workers, and one that others join."""
    started = []

    def start(**options):
        options.setdefault("pools", [process_pool("zone-a", 2), static_pool("zone-b"), static_pool("zone-c")])
        cluster = SecuredCluster(otjob, tmp_path / f"cluster{len(started)}", **options)
        started.append(cluster)
        return cluster.up()

    yield start
    for cluster in started:
        cluster.down()


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_the_coordinators_own_workers_work_over_tls(secured):
    cluster = secured()
    workers = cluster.json("workers")
    assert [(w["identity"], w["state"]) for w in workers] == [("zone-a/local", "READY")] * 2
    assert cluster.wait(cluster.submit("selftest", "--set", "tasks=50"))["state"] == "DONE"
    # Their keys are in no file and no list of arguments.
    for worker in workers:
        assert b"PRIVATE" not in open(f"/proc/{worker['pid']}/cmdline", "rb").read()
    files = [path for path in cluster.state.rglob("*") if path.is_file()]
    assert files and not any(b"PRIVATE KEY" in path.read_bytes() for path in files)


def test_own_workers_outlive_a_coordinator_that_is_killed(secured):
    cluster = secured()
    before = cluster.worker_pids()
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    wait_until(lambda: sorted(cluster.worker_pids()) == sorted(before), "they come back")
    assert cluster.wait(cluster.submit("selftest", "--set", "tasks=10"))["state"] == "DONE"


def test_a_worker_joins_once_and_comes_back_with_its_identity(secured, tmp_path):
    cluster = secured()
    token, identity = cluster.token(), tmp_path / "identity"
    first = cluster.worker("--token-file", token, "--identity", identity)
    name = cluster.joined(first)["identity"]
    assert modes(identity) == {"ca.pem": 0o644, "joined": 0o644, "worker.pem": 0o600}
    assert token.read_text().strip().split(".")[3] not in (identity / "joined").read_text()
    job = cluster.submit("selftest", "--set", "tasks=50", "--pool", "zone-b")
    assert cluster.wait(job)["state"] == "DONE"
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == DONE
    # A service names its token's file at every start; and the file may go.
    for options in [["--token-file", token], []]:
        again = cluster.worker(*options, "--identity", identity)
        assert cluster.joined(again)["identity"] == name
        again.kill()
        again.wait(20)
        token.unlink(missing_ok=True)


def test_without_a_folder_named_the_identity_is_in_the_users(secured, tmp_path):
    cluster = secured()
    cluster.environment["XDG_CONFIG_HOME"] = str(tmp_path)
    cluster.joined(cluster.worker("--token-file", cluster.token()))
    assert modes(tmp_path / "otjob/workers/zone-b")["worker.pem"] == 0o600


def test_a_token_is_good_once_for_its_pool_and_its_time(secured, tmp_path):
    cluster = secured()
    used = cluster.token()
    cluster.joined(cluster.worker("--token-file", used, "--identity", tmp_path / "a"))
    assert "used already" in cluster.refusal("--token-file", used, "--identity", tmp_path / "b")
    other = cluster.token("zone-c")
    told = cluster.refusal("--token-file", other, "--identity", tmp_path / "c")
    assert "the token is for the pool zone-c, not for zone-b" in told
    # Which does not use it up.
    cluster.joined(cluster.worker("--token-file", other, "--identity", tmp_path / "c", pool="zone-c"))
    expired = cluster.token("zone-b", "--ttl", "1s")
    wait_until(lambda: cluster.json("token", "list")[-1]["state"] == "EXPIRED", "the token expires", 10)
    assert "has expired" in cluster.refusal("--token-file", expired, "--identity", tmp_path / "d")
    removed = cluster.token()
    cluster.run("token", "remove", cluster.json("token", "list")[-1]["id"])
    assert "not known" in cluster.refusal("--token-file", removed, "--identity", tmp_path / "e")
    states = [(token["pool"], token["state"]) for token in cluster.json("token", "list")]
    assert states == [("zone-b", "USED"), ("zone-c", "USED"), ("zone-b", "EXPIRED")]
    assert not (tmp_path / "b").exists() and not (tmp_path / "d").exists()


def test_a_token_outlives_the_coordinator_and_is_kept_as_a_hash(secured, tmp_path):
    cluster = secured()
    token, used = cluster.token(), cluster.token()
    cluster.joined(cluster.worker("--token-file", used, "--identity", tmp_path / "a"))
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    assert "used already" in cluster.refusal("--token-file", used, "--identity", tmp_path / "b")
    cluster.joined(cluster.worker("--token-file", token, "--identity", tmp_path / "c"))
    secret = token.read_text().strip().split(".")[3].encode()
    assert not any(secret in path.read_bytes() for path in cluster.state.rglob("*") if path.is_file())


def test_a_worker_asks_only_a_coordinator_of_the_tokens_authority(secured, tmp_path):
    cluster, other = secured(), secured()
    mark, _, fingerprint, secret = cluster.token().read_text().strip().split(".")
    token = tmp_path / "token"
    token.write_text(".".join([mark, str(other.http_port), fingerprint, secret]))
    told = other.refusal("--token-file", token, "--identity", tmp_path / "a")
    assert "of another cluster's authority" in told
    assert cluster.json("token", "list")[-1]["state"] == "WAITING"


def test_a_worker_without_an_identity_is_told_how_to_get_one(secured, tmp_path):
    cluster = secured()
    told = cluster.refusal("--identity", tmp_path / "nothing")
    assert "otjob token create --pool zone-b" in told
    (tmp_path / "garbage").write_text("hello")
    told = cluster.refusal("--token-file", tmp_path / "garbage", "--identity", tmp_path / "nothing")
    assert "no join token" in told


def test_an_identity_is_of_one_pool(secured, tmp_path):
    cluster = secured()
    joined = cluster.worker("--token-file", cluster.token(), "--identity", tmp_path / "a")
    cluster.joined(joined)
    assert "not of one of pool zone-c" in cluster.refusal("--identity", tmp_path / "a", pool="zone-c")


@pytest.mark.parametrize("named", ["id", "identity"])
def test_a_revoked_worker_goes_at_once_and_for_good(secured, tmp_path, named):
    cluster = secured()
    process = cluster.worker("--token-file", cluster.token(), "--identity", tmp_path / "a")
    worker = cluster.joined(process)
    job = cluster.submit("selftest", "--set", "tasks=4", "--set", "sleep=1s", "--pool", "zone-b")
    wait_until(lambda: cluster.status(job)["state"] == "RUNNING", "the job runs")
    name = worker["identity"].removeprefix("zone-b/")
    revoked = cluster.json("workers", "revoke", worker[named])
    assert revoked == {"pool": "zone-b", "name": name}
    assert process.wait(5) == WRONG_USAGE
    assert "revoked" in process.log.read_text()
    assert "is revoked" in cluster.refusal("--identity", tmp_path / "a")
    # Also after a crash, and also for a token that bears its name.
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    assert "is revoked" in cluster.refusal("--identity", tmp_path / "a")
    refused = cluster.run("token", "create", "--pool", "zone-b", "--name", name, code=WRONG_USAGE)
    assert "take another name" in refused.stderr
    # Its machine joins again with another token, in the same folder; the job goes on.
    again = cluster.worker("--token-file", cluster.token(), "--identity", tmp_path / "a")
    assert cluster.joined(again)["identity"] != worker["identity"]
    assert cluster.wait(job)["state"] == "DONE"


def test_own_workers_cannot_be_revoked_and_strangers_are_not_known(secured):
    cluster = secured()
    own = cluster.json("workers")[0]["id"]
    assert "drain" in cluster.run("workers", "revoke", own, code=WRONG_USAGE).stderr
    assert "otjob workers" in cluster.run("workers", "revoke", "999", code=WRONG_USAGE).stderr


def test_certificates_are_renewed_over_the_connection(secured, tmp_path):
    cluster = secured(certificates="4s")
    process = cluster.worker("--token-file", cluster.token(), "--identity", tmp_path / "a")
    ids = {w["id"] for w in [cluster.joined(process), *cluster.json("workers")]}
    first = (tmp_path / "a/worker.pem").read_bytes()

    def has_changed():
        now = (tmp_path / "a/worker.pem").read_bytes()
        return now if now != first else None

    second = wait_until(has_changed, "the certificate is renewed", 20)
    first = second
    wait_until(has_changed, "the certificate is renewed again", 20)
    # By then the first certificates have expired; nobody had to join anew.
    job = cluster.submit("selftest", "--set", "tasks=10", "--pool", "zone-b")
    assert cluster.wait(job)["state"] == "DONE"
    assert {w["id"] for w in cluster.json("workers") if w["state"] == "READY"} == ids


def test_a_certificate_that_was_not_renewed_in_time_is_good_for_nothing(secured, tmp_path):
    cluster = secured(certificates="2s")
    process = cluster.worker("--token-file", cluster.token(), "--identity", tmp_path / "a")
    cluster.joined(process)
    process.kill()
    process.wait(20)

    def told():
        again = cluster.worker("--identity", tmp_path / "a")
        try:
            code = again.wait(3)
        except subprocess.TimeoutExpired:
            again.kill()
            again.wait(20)
            return None
        return again.log.read_text() if code == WRONG_USAGE else None

    assert "has expired" in wait_until(told, "the certificate expires", 30)


def test_a_plain_worker_does_not_get_in(secured):
    cluster = secured()
    process = cluster.worker()
    log = cluster.state / "coordinator.log"
    wait_until(lambda: "refused a connection" in log.read_text(), "it is refused", 20)
    assert process.poll() is None or process.returncode == UNREACHABLE
    assert all(w["pid"] != process.pid for w in cluster.json("workers", "--all"))


def test_no_switch_opens_a_port_to_other_machines_without_certificates(otjob, tmp_path):
    cluster = Cluster(otjob, tmp_path / "cluster")
    text = cluster.config.read_text()
    for key, port in [("workers", cluster.worker_port), ("http", cluster.http_port)]:
        cluster.config.write_text(text.replace(f'{key}: "127.0.0.1:{port}', f'{key}: "0.0.0.0:{port}'))
        told = cluster.run("coordinator", "--config", cluster.config, code=WRONG_USAGE)
        assert "otjob cluster init" in told.stderr
    told = cluster.run("worker", "--coordinator", "192.0.2.1:7077", "--pool", "a", code=WRONG_USAGE)
    assert "otjob token create" in told.stderr


def test_a_cluster_without_certificates_makes_no_tokens(cluster):
    told = cluster.run("token", "create", "--pool", "zone-a", code=WRONG_USAGE)
    assert "otjob cluster init" in told.stderr
    assert cluster.run("token", "create", code=WRONG_USAGE).stderr


def test_own_workers_that_could_not_trust_the_port_are_not_started(secured):
    cluster = secured()
    cluster.down()
    text = cluster.config.read_text()
    cluster.config.write_text(text.replace(f"127.0.0.1:{cluster.worker_port}", "127.0.0.2:0"))
    told = cluster.run("coordinator", "--config", cluster.config, code=1)
    assert "pool zone-a connect to 127.0.0.2" in told.stderr
    cluster.config.write_text(text)


def test_workers_that_a_command_starts_join_with_a_token_on_its_standard_input(secured, otjob, tmp_path):
    cloud = Cloud(otjob, tmp_path / "cloud")
    cluster = secured(pools=[cloud.pool()])
    job = cluster.submit("selftest", "--set", "tasks=10")
    assert cluster.wait(job)["state"] == "DONE"
    [worker] = [worker for worker in cluster.json("workers") if worker["state"] == "READY"]
    assert worker["identity"] == f"cloud/{worker['name']}"
    [token] = cluster.json("token", "list")
    assert (token["name"], token["state"]) == (worker["name"], "USED")
    cluster.run("down", "--config", cluster.config)
    cloud.assert_all_stopped()
