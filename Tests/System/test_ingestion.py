"""Files come into the raw store whole and verified, or the ones before stay."""

import gzip
import hashlib
import os
import signal
import subprocess
import time
import zlib

import pytest

from bad_server import BadServer
from harness import Cluster, can_unshare, column, job_file, tsv, wait_until, write_gzip
from lake import Lake

HEADER = ["id", "text"]


def content(rows, word="row", level=6):
    """A gzip file of so many rows, with an incompressible part so that it has some size."""
    lines = [[f"{n:07}", f"{word} {hashlib.sha256(b'%d' % n).hexdigest()}"] for n in range(rows)]
    return gzip.compress(tsv(HEADER, lines).encode(), level, mtime=0)


@pytest.fixture
def server():
    server = BadServer()
    yield server
    server.stop()


@pytest.fixture
def ingesting(new_cluster, server, tmp_path):
    """A cluster that may download from the server, and a job `notes` that reads `notes.tsv.gz`."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    view = {"name": "note_texts", "sql": "SELECT text FROM ott.notes"}
    columns = [column("id", required=True), column("text")]
    job_file(jobs, "notes", columns, cluster_by=["id"], views=[view])
    sources = tmp_path / "sources.yaml"
    sources.write_text(f'sources: [{{dataset: notes, url: "{server.url("notes.tsv.gz")}"}}]')
    return new_cluster(
        jobs=jobs,
        chunk="256KiB",
        more=[
            f"sources: [{sources}]",
            f'downloads: {{insecure_hosts: ["{server.authority}"], retry_delay: 50ms, tries: 3}}',
            "retention: {archive_versions: 2}",
        ],
    )


def ingest(cluster, *names, state="DONE"):
    status = cluster.json("ingest", *names, "--wait", code=None)
    assert status["state"] == state, status
    return status


def raw(cluster):
    return cluster.folder / "raw" / "notes.tsv.gz"


def log(cluster):
    with Lake(cluster.catalog) as lake:
        return lake.query(
            "SELECT dataset_name, file_size_bytes, md5_hash, has_changed, source, etag, tries, error"
            " FROM lake.ott.ingestion_log ORDER BY ingestion_date"
        )


def test_a_file_is_ingested_once_and_loaded_from_the_raw_store(ingesting, server):
    body = content(20_000)
    page = server.page("notes.tsv.gz", body)
    [step] = ingest(ingesting, "notes")["steps"]
    assert (step["job"], step["state"], step["input_bytes"]) == ("ingest_notes", "DONE", len(body))
    assert raw(ingesting).read_bytes() == body
    # The second time the source is asked whether it has another, and has not.
    ingest(ingesting, "notes")
    assert page.requests[1]["If-None-Match"] == page.tag(body)
    md5 = hashlib.md5(body).hexdigest()
    source = server.url("notes.tsv.gz")
    assert log(ingesting) == [
        ("notes", len(body), md5, True, source, page.tag(body), 1, None),
        ("notes", len(body), md5, False, source, page.tag(body), 1, None),
    ]
    status = ingesting.load("notes")
    assert status["steps"][0]["rows"] == 20_000
    # The split index was made on the way: the first load inflates nothing itself.
    assert "by its split index" in ingesting.run("logs", status["id"]).stdout


def test_the_same_content_under_another_tag_is_no_change(ingesting, server):
    body = content(100)
    server.page("notes.tsv.gz", body, etag='"one"')
    ingest(ingesting, "notes")
    before = raw(ingesting).stat()
    server.page("notes.tsv.gz", body, etag='"two"')
    ingest(ingesting, "notes")
    assert raw(ingesting).stat() == before
    page = server.page("notes.tsv.gz", body, etag='"two"')
    ingest(ingesting, "notes")
    assert page.requests[0]["If-None-Match"] == '"two"'
    assert [row[3] for row in log(ingesting)] == [True, False, False]


def test_earlier_versions_go_to_the_archive_which_keeps_so_many(ingesting, server):
    bodies = [content(100, word) for word in ("one", "two", "three", "four")]
    for body in bodies:
        server.page("notes.tsv.gz", body)
        ingest(ingesting, "notes")
    archived = sorted((ingesting.folder / "archive" / "notes").iterdir())
    assert [path.read_bytes() for path in archived] == bodies[1:3]
    assert all(path.name.endswith("Z-notes.tsv.gz") for path in archived)
    assert raw(ingesting).read_bytes() == bodies[3]


def test_a_file_that_breaks_off_is_gone_on_with(ingesting, server):
    body = content(40_000)
    page = server.page("notes.tsv.gz", body, break_after=len(body) // 3 + 1)
    ingest(ingesting, "notes")
    assert raw(ingesting).read_bytes() == body
    assert [r.get("Range") is not None for r in page.requests] == [False, True, True]
    assert page.requests[1]["If-Range"] == page.tag(body)


def test_a_busy_source_is_asked_again(ingesting, server):
    body = content(100)
    page = server.page("notes.tsv.gz", body, status=429, status_times=2, retry_after="1")
    began = time.monotonic()
    ingest(ingesting, "notes")
    assert time.monotonic() - began >= 2
    assert len(page.requests) == 3


def test_a_source_without_ranges_is_read_from_the_beginning(ingesting, server):
    body = content(40_000)
    page = server.page("notes.tsv.gz", body, break_after=len(body) // 2, ranges=False)
    wait_until_broken = 2

    def heal():
        return len(page.requests) >= wait_until_broken and setattr(page, "break_after", None) is None

    job = ingesting.json("ingest", "notes")["id"]
    wait_until(heal, "two requests")
    assert ingesting.wait(job)["state"] == "DONE"
    assert raw(ingesting).read_bytes() == body


BAD = {
    "404": (dict(status=404), "status 404", 1),
    "403": (dict(status=403), "status 403", 1),
    "429 for long": (dict(status=429), "status 429 (3 tries)", 3),
    "429 for an hour": (dict(status=429, retry_after="3600"), "3600.0 s", 1),
    "503 for long": (dict(status=503), "status 503 (3 tries)", 3),
    "breaks off each time": (dict(break_after=1000), "(3 tries)", 3),
    "says more than it sends": (dict(lie=1000, ranges=False), "(3 tries)", 3),
    "says less than it sends": (dict(lie=-1000), "ends in the middle", 1),
    "redirects for ever": (dict(status=302, location="/notes.tsv.gz"), "more than 3 times", 4),
    "redirects elsewhere": (dict(status=302, location="http://127.0.0.1:1/x"), "downloads.hosts", 1),
    "redirects to a file": (dict(status=302, location="file:///etc/passwd"), "begins with", 1),
}


@pytest.mark.parametrize("settings, reason, requests", BAD.values(), ids=BAD.keys())
def test_a_bad_source_is_named_and_the_last_good_file_stays(
    ingesting, server, settings, reason, requests
):
    good = content(200)
    server.page("notes.tsv.gz", good)
    ingest(ingesting, "notes")
    ingesting.load("notes")
    page = server.page("notes.tsv.gz", content(20_000, "new"), **settings)
    status = ingest(ingesting, "notes", state="ERROR")
    assert reason in status["reason"] and status["reason"].startswith("notes: ")
    assert len(page.requests) == requests
    stays(ingesting, good, 200)
    *_, last = log(ingesting)
    assert last[1:4] == (len(good), hashlib.md5(good).hexdigest(), False)
    assert reason in last[7]


def stays(cluster, body, rows):
    assert raw(cluster).read_bytes() == body
    with Lake(cluster.catalog) as lake:
        for name in ("notes", "note_texts"):
            assert lake.query(f"SELECT count(*) FROM lake.ott.{name}") == [(rows,)]


BAD_BODIES = {
    "a page of HTML": (b"<!DOCTYPE html><html>Come back later</html>" * 1000, "no gzip header"),
    "nothing": (b"", "empty"),
    "a file cut short": (content(5000)[:-2000], "ends in the middle"),
    "a damaged file": (b"\0".join([content(5000)[:60_000], content(5000)[60_001:]]), "damaged"),
    "rest after the end": (content(5000) + b"more", "neither gzip nor zero padding"),
}


@pytest.mark.parametrize("body, reason", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_what_is_no_whole_gzip_file_is_refused(ingesting, server, body, reason):
    good = content(200)
    server.page("notes.tsv.gz", good)
    ingest(ingesting, "notes")
    ingesting.load("notes")
    server.page("notes.tsv.gz", body)
    assert reason in ingest(ingesting, "notes", state="ERROR")["reason"]
    stays(ingesting, good, 200)
    assert not list((ingesting.folder / "raw/.ingest").glob("*.part"))


def test_a_decompression_bomb_is_refused(ingesting, server):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1100)) + packer.flush()
    server.page("x.gz", body)
    reason = ingest(ingesting, server.url("x.gz"), state="ERROR")["reason"]
    assert "decompression bomb" in reason


def test_a_source_that_changes_between_two_ranges_begins_anew(ingesting, server):
    old, new = content(30_000), content(30_000, "new")
    page = server.page("notes.tsv.gz", old, break_after=200_000, then=new)
    job = ingesting.json("ingest", "notes")["id"]

    def change():
        if len(page.requests) >= 2:
            page.body, page.then, page.break_after = new, None, None
            return True

    wait_until(change, "a range")
    assert ingesting.wait(job)["state"] == "DONE"
    assert raw(ingesting).read_bytes() == new


def test_a_source_that_changes_and_does_not_say_so_is_found_out(ingesting, server):
    # Without compression both have one length.
    old, new = content(20_000, level=0), content(20_000, "new", level=0)
    assert len(old) == len(new)
    server.page("notes.tsv.gz", old, break_after=len(old) // 2 + 1, then=new, keeps_etag=True)
    reason = ingest(ingesting, "notes", state="ERROR")["reason"]
    assert "CRC-32" in reason
    assert not raw(ingesting).exists()


def test_another_file_than_the_md5_says_is_refused(ingesting, server, tmp_path):
    body = content(200)
    server.page("notes.tsv.gz", body)
    wrong, right = hashlib.md5(b"").hexdigest(), hashlib.md5(body).hexdigest()
    sources = tmp_path / "sources.yaml"
    text = sources.read_text()
    for md5, state in ((wrong, "ERROR"), (right, "DONE")):
        ingesting.down()
        sources.write_text(text.replace("}", f", md5: {md5}}}"))
        ingesting.up()
        status = ingest(ingesting, "notes", state=state)
        assert (status["reason"] is None) == (state == "DONE")
        assert raw(ingesting).exists() == (state == "DONE")


def test_a_source_that_is_too_slow_is_given_up_and_gone_on_with(new_cluster, server):
    slow = "retry_delay: 10ms, tries: 2, slow_rate: 64KiB, slow_time: 1s"
    cluster = new_cluster(more=[f'downloads: {{insecure_hosts: ["{server.authority}"], {slow}}}'])
    good = content(100)
    server.page("x.tsv.gz", good)
    ingest(cluster, server.url("x.tsv.gz"))
    # A piece of 16 KiB, and then nothing for long.
    body = content(5000)
    page = server.page("x.tsv.gz", body, delay=10)
    reason = ingest(cluster, server.url("x.tsv.gz"), state="ERROR")["reason"]
    assert "too slow. Less than 65536 bytes/sec" in reason and "(2 tries)" in reason
    assert [r.get("Range") is not None for r in page.requests] == [False, True]
    assert (cluster.folder / "raw/x.tsv.gz").read_bytes() == good
    page.delay = 0
    ingest(cluster, server.url("x.tsv.gz"))
    assert "Range" in page.requests[-1]
    assert (cluster.folder / "raw/x.tsv.gz").read_bytes() == body


def test_a_source_that_is_down_is_named(ingesting, server):
    server.stop()
    reason = ingest(ingesting, "notes", state="ERROR")["reason"]
    assert server.authority in reason and "(3 tries)" in reason


@pytest.mark.skipif(not can_unshare(), reason="mount namespaces are not permitted here")
def test_a_name_that_leads_nowhere_is_tried_again_and_named(new_cluster, tmp_path):
    # Nobody answers there, so that no question leaves this machine.
    servers = tmp_path / "resolv.conf"
    servers.write_text("nameserver 127.0.0.1\n")
    script = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
    cluster = new_cluster(
        prefix=["unshare", "--mount", "sh", "-ec", script, "sh", str(servers)],
        more=["downloads: {hosts: [nowhere.invalid], retry_delay: 50ms, tries: 3}"],
    )
    reason = ingest(cluster, "https://nowhere.invalid/x.tsv.gz", state="ERROR")["reason"]
    assert "nowhere.invalid" in reason and "(3 tries)" in reason


@pytest.mark.parametrize(
    "source, reason",
    [
        ("https://evil.example/x.tsv.gz", "downloads.hosts"),
        ("http://datasets.imdbws.com/x.tsv.gz", "not encrypted"),
        ("http://127.0.0.1:1/x.tsv.gz", "downloads.hosts"),
    ],
)
def test_only_listed_hosts_are_asked(ingesting, source, reason):
    assert reason in ingest(ingesting, source, state="ERROR")["reason"]


def test_a_listed_name_that_leads_to_this_machine_is_refused(new_cluster):
    cluster = new_cluster(more=["downloads: {hosts: [localhost]}"])
    reason = ingest(cluster, "https://localhost/x.tsv.gz", state="ERROR")["reason"]
    assert "private network" in reason


@pytest.mark.parametrize(
    "name, reason",
    [
        ("title_aka", "title_akas"),
        ("gopher://h/x", "https://"),
        ("https://user@h/x", "user names"),
        ("https://h/", "no name for a file"),
    ],
)
def test_a_source_that_is_none_is_refused_at_once(ingesting, name, reason):
    assert reason in ingesting.run("ingest", name, code=2).stderr


def test_a_file_of_this_machine_is_copied_once(ingesting, tmp_path):
    path = write_gzip(tmp_path / "more.tsv.gz", tsv(HEADER, [[1, "a"]]))
    for name in (path, f"file:{path}"):
        ingest(ingesting, name)
    assert (ingesting.folder / "raw/more.tsv.gz").read_bytes() == path.read_bytes()
    assert [(row[0], row[3]) for row in log(ingesting)] == [("more", True), ("more", False)]
    # Touched, it is the same by its content.
    os.utime(path)
    ingest(ingesting, path)
    write_gzip(path, tsv(HEADER, [[2, "b"]]))
    ingest(ingesting, path)
    assert [row[3] for row in log(ingesting)][2:] == [False, True]
    assert "No such file" in ingest(ingesting, tmp_path / "none.gz", state="ERROR")["reason"]


def test_kill_9_in_mid_download_loses_nothing(ingesting, server):
    body = content(60_000)
    page = server.page("notes.tsv.gz", body, delay=0.02)
    job = ingesting.json("ingest", "notes")["id"]
    part = ingesting.folder / "raw/.ingest/notes.part"
    for _ in range(2):
        begun = part.stat().st_size if part.exists() else 0
        wait_until(lambda: part.exists() and part.stat().st_size > begun + 200_000, "bytes")
        os.kill(ingesting.coordinator_pid(), signal.SIGKILL)
        ingesting.up()
    page.delay = 0
    assert ingesting.wait(job)["state"] == "DONE"
    assert raw(ingesting).read_bytes() == body
    # It went on where it was.
    assert all(int(r["Range"][6:-1]) >= 200_000 for r in page.requests[1:])


def test_a_cancelled_download_stops_and_is_gone_on_with_later(ingesting, server):
    body = content(60_000)
    page = server.page("notes.tsv.gz", body, delay=0.02)
    job = ingesting.json("ingest", "notes")["id"]
    part = ingesting.folder / "raw/.ingest/notes.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 200_000, "bytes")
    ingesting.run("cancel", job)
    assert ingesting.wait(job)["state"] == "CANCELLED"

    def grows():
        size = part.stat().st_size
        time.sleep(0.3)
        return part.stat().st_size > size

    # The transfer ends a moment after its job.
    wait_until(lambda: not grows(), "the end of the transfer")
    page.delay = 0
    ingest(ingesting, "notes")
    assert "Range" in page.requests[-1], page.requests
    assert raw(ingesting).read_bytes() == body


def test_a_full_disk_in_mid_download_leaves_the_last_file_and_room(
    otjob, server, tmp_path
):
    cluster = Cluster(
        otjob,
        tmp_path / "c",
        more=[f'downloads: {{insecure_hosts: ["{server.authority}"], retry_delay: 50ms}}'],
    )
    store = cluster.folder / "raw"
    store.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", store]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        cluster.up()
        good = content(1000)
        server.page("x.tsv.gz", good)
        ingest(cluster, server.url("x.tsv.gz"))
        server.page("x.tsv.gz", content(100_000))
        reason = ingest(cluster, server.url("x.tsv.gz"), state="ERROR")["reason"]
        assert "No space left" in reason
        assert (store / "x.tsv.gz").read_bytes() == good
        assert os.statvfs(store).f_bavail * os.statvfs(store).f_frsize > 1 << 20
        after = content(2000)
        server.page("x.tsv.gz", after)
        ingest(cluster, server.url("x.tsv.gz"))
        assert (store / "x.tsv.gz").read_bytes() == after
        cluster.down()
    finally:
        for pid in cluster.processes():
            os.kill(pid, signal.SIGKILL)
        subprocess.run(["umount", "-l", store], check=False)
