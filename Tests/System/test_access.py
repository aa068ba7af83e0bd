"""A cluster with certificates and a token: who has neither sees nothing and changes nothing."""

import json
import ssl
import urllib.error
import urllib.request

import pytest

from harness import DONE, FAILED, WRONG_USAGE, Cluster


@pytest.fixture
def secured(otjob, tmp_path):
    """A cluster whose API speaks TLS and asks for a token; the user has both files."""
    cluster = Cluster(otjob, tmp_path / "cluster")
    security = cluster.folder / "security"
    cluster.run("cluster", "init", "--dir", security, "--host", "coordinator.example")
    with cluster.config.open("a") as config:
        config.write(f"security: {{tls: required, directory: {security}}}\n")
    cluster.environment.update(
        OTJOB_COORDINATOR=f"https://127.0.0.1:{cluster.http_port}",
        OTJOB_TOKEN_FILE=str(security / "token"),
        OTJOB_CA_FILE=str(security / "ca.pem"),
    )
    yield cluster.up()
    cluster.down()


def ask(cluster, path, headers={}, data=None):
    """The status of a request made without otjob, by somebody who has the authority's certificate."""
    context = ssl.create_default_context(cafile=cluster.folder / "security/ca.pem")
    request = urllib.request.Request(
        f"https://127.0.0.1:{cluster.http_port}{path}", data, {**headers}
    )
    try:
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        assert json.load(error)["error"]["code"] == error.code
        return error.code


def test_with_token_and_authority_everything_works(secured):
    job = secured.submit("selftest", "--set", "tasks=10")
    assert secured.wait(job)["state"] == "DONE"
    assert secured.run("watch", job).returncode == DONE
    assert len(secured.json("workers")) == 2


def test_without_the_token_nothing_is_read_or_changed(secured):
    token = (secured.folder / "security/token").read_text().strip()
    good = {"Authorization": f"Bearer {token}"}
    bad = [{}, {"Authorization": "Bearer guess"}, {"Authorization": f"Basic {token}"}]
    assert ask(secured, "/healthz") == 200
    for path in ["/", "/api/jobs", "/api/version", "/api/workers", "/api/nowhere"]:
        assert [ask(secured, path, headers) for headers in bad] == [401] * 3, path
    assert [ask(secured, "/api/shutdown", headers, b"") for headers in bad] == [401] * 3
    assert ask(secured, "/api/jobs", good) == 200
    assert ask(secured, "/api/nowhere", good) == 404


def test_a_client_without_its_files_is_told_which(secured, tmp_path):
    secured.environment["HOME"] = secured.environment["XDG_CONFIG_HOME"] = str(tmp_path)
    del secured.environment["OTJOB_TOKEN_FILE"]
    told = secured.run("list", code=FAILED)
    assert "OTJOB_TOKEN_FILE" in told.stderr
    del secured.environment["OTJOB_CA_FILE"]
    told = secured.run("list", code=WRONG_USAGE)
    assert "OTJOB_CA_FILE" in told.stderr


def test_a_coordinator_of_another_authority_is_not_trusted(secured, tmp_path):
    secured.run("cluster", "init", "--dir", tmp_path / "other", "--host", "x")
    secured.environment["OTJOB_CA_FILE"] = str(tmp_path / "other/ca.pem")
    told = secured.run("list", code=None)
    assert told.returncode != DONE
    assert "authority" in told.stderr


def test_no_secret_is_in_any_output_or_file(secured):
    security = secured.folder / "security"
    token = (security / "token").read_text().strip()
    keys = [(security / name).read_text().splitlines()[1] for name in ("ca.key", "coordinator.pem")]
    job = secured.submit("selftest", "--set", "tasks=10")
    secured.wait(job)
    outputs = [secured.run(*words.split()) for words in ["list", "workers", "pools", "version"]]
    outputs += [secured.run("status", job), secured.run("logs", job)]
    texts = [output.stdout + output.stderr for output in outputs]
    files = [path for path in secured.folder.rglob("*") if path.is_file()]
    texts += [path.read_bytes().decode(errors="replace") for path in files if security not in path.parents]
    for secret in [token, *keys]:
        assert not any(secret in text for text in texts)


def test_nothing_is_overwritten(secured):
    before = {p.name: p.read_bytes() for p in (secured.folder / "security").iterdir()}
    told = secured.run("cluster", "init", "--dir", secured.folder / "security", "--host", "x", code=FAILED)
    assert "nothing is overwritten" in told.stderr
    assert before == {p.name: p.read_bytes() for p in (secured.folder / "security").iterdir()}
