"""The dashboard in a real browser: what its pages show during, after and without a run."""

import json
import os
import signal
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from browser import Browser
from harness import PATIENCE_SECONDS, Cluster, wait_until

HOSTILE = '<script>document.title="broken in"</script>'
TAB, ENTER = "\ue004", "\ue007"


@pytest.fixture
def browser(tmp_path):
    started = Browser(tmp_path)
    yield started
    # Nothing was loaded from elsewhere, nothing ran that must not, and no script failed.
    # That a coordinator was not there for a while is none of them.
    complaints = [text for text in started.complaints() if "net::ERR_" not in text]
    started.close()
    assert not complaints, complaints


def address(cluster, path="/"):
    return f"http://127.0.0.1:{cluster.http_port}{path}"


def fetch(url, fields=None, headers={}):
    """Status and text of an answer; with fields, to a form."""
    data = None if fields is None else urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(url, data, {"Accept": "text/html", **headers})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def form_token(cluster, job):
    text = fetch(address(cluster, f"/jobs/{job}"))[1]
    return text.split('name="form_token" value="')[1].split('"')[0]


def test_the_overview_follows_a_run_by_itself(new_cluster, browser):
    cluster = new_cluster(workers=2)
    browser.open(address(cluster))
    shown = browser.wait_for("No job runs or waits.")
    assert "zone-a" in shown and "✓ ready" in shown and "Disk" in shown
    job = cluster.submit("selftest", "--set", "tasks=200", "--set", "sleep=20ms")
    # Nobody loads the page again.
    browser.wait_for("1 running, 0 waiting", "#jobs")
    browser.wait_for("▸ active", "#pools")
    cluster.wait(job)
    browser.wait_for("✓ done", "#ended")
    browser.wait_for("0 running, 0 waiting", "#jobs")
    assert "Tasks now" in browser.text("#throughput").replace("\n", " ")


def test_jobs_that_wait_tell_why(new_cluster, browser):
    cluster = new_cluster(pools=["{name: far, provider: static, min_workers: 1, acquire_timeout: 1s}"])
    job = cluster.submit("selftest", "--set", "tasks=1")
    browser.open(address(cluster))
    browser.wait_for("0 running, 1 waiting", "#jobs")
    reason = wait_until(lambda: cluster.status(job)["reason"], "why the job waits")
    assert "far" in reason
    browser.wait_for(reason, "#jobs tbody")


def test_pages_are_whole_without_scripts(cluster):
    job = cluster.submit("selftest", "--set", "tasks=1")
    cluster.wait(job)
    status, text = fetch(address(cluster))
    assert status == 200 and f'<a href="/jobs/{job}">selftest</a>' in text
    assert fetch(address(cluster, "/jobs"))[1].count(f'href="/jobs/{job}"') == 2
    assert "1 of 1" in fetch(address(cluster, f"/jobs/{job}"))[1]
    for path in ("/jobs/99", "/jobs/x", "/workers/x", "/nowhere"):
        assert fetch(address(cluster, path))[0] == 404, path


def test_names_that_are_markup_stay_text(cluster, browser):
    """No name of a job may hold markup; one that does all the same is planted in the job store."""
    job = cluster.submit("selftest", "--set", "tasks=3")
    cluster.wait(job)
    with sqlite3.connect(cluster.state / "jobs.sqlite") as store:
        status = json.loads(store.execute("SELECT status FROM job").fetchone()[0])
        status["name"] = status["steps"][0]["job"] = status["steps"][0]["reason"] = HOSTILE
        store.execute("UPDATE job SET name = ?, reason = ?, status = ?",
                      (HOSTILE, HOSTILE, json.dumps(status)))  # fmt: skip
    for page in ("/", "/jobs", f"/jobs/{job}"):
        browser.open(address(cluster, page))
        assert HOSTILE in browser.wait_for(HOSTILE, "main")
        assert "broken in" not in browser.run("return document.title.replace(arguments[0], '')", HOSTILE)
        assert browser.count("main script") == 0


def test_buttons_need_the_form_and_the_origin_of_the_page(new_cluster):
    cluster = new_cluster(workers=1)
    job = cluster.submit("selftest", "--set", "tasks=2000", "--set", "sleep=50ms")
    wait_until(lambda: cluster.status(job)["state"] == "RUNNING", "the job's start")
    url, token = address(cluster, "/actions/cancel"), form_token(cluster, job)
    own, other = {"Origin": address(cluster).rstrip("/")}, {"Origin": "http://elsewhere.example"}
    good = {"job": job, "form_token": token}
    assert fetch(url, good, other)[0] == 403
    assert fetch(url, good)[0] == 403, "a browser tells the origin of a form"
    assert fetch(url, {"job": job}, own)[0] == 403
    assert fetch(url, {**good, "form_token": "guess"}, own)[0] == 403
    assert fetch(url + "?" + urllib.parse.urlencode(good))[0] == 405, "GET changes nothing"
    assert cluster.status(job)["state"] == "RUNNING"
    assert fetch(url, good, own)[0] == 200
    assert cluster.wait(job)["state"] == "CANCELLED"


def test_a_secured_cluster_asks_for_its_token(otjob, tmp_path, browser):
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
    cluster.up()
    try:
        browser.open(f"https://127.0.0.1:{cluster.http_port}/")
        assert "zone-a" not in browser.wait_for("Token of the cluster")
        browser.type("#token", "guess" + ENTER)
        browser.wait_for("That is not the token.")
        browser.type("#token", (security / "token").read_text().strip() + ENTER)
        browser.wait_for("zone-a")
        assert "otjob_session" not in browser.run("return document.cookie")
        browser.click("form.logout button")
        browser.wait_for("Token of the cluster")
        # The browser tells of each answer 401 that it was one; that is meant.
        assert all("401" in complaint for complaint in browser.complaints())
    finally:
        cluster.down()


def test_everything_is_reached_by_keyboard(cluster, browser):
    browser.open(address(cluster))
    browser.wait_for("zone-a")
    names = []
    for _ in range(7):
        browser.press(TAB)
        names.append(browser.run("return document.activeElement.innerText.trim()"))
    assert names == ["Skip to content", "test", "Overview", "Jobs", "Workers", "Pools", "Tables"]
    browser.press(TAB)
    assert browser.run("return document.activeElement.matches('main *')")


def test_the_page_of_a_job_is_the_same_after_a_restart(new_cluster, browser):
    cluster = new_cluster(workers=2)
    job = cluster.submit("selftest", "--set", "tasks=60", "--set", "sleep=20ms")
    browser.open(address(cluster, f"/jobs/{job}"))
    browser.wait_for("▸ running", "#head")
    browser.wait_for("did not finish", "#timeline")
    cluster.wait(job)
    browser.wait_for("✓ done", "#head")
    before = browser.wait_for("60 finished tasks", "#timeline")
    cluster.run("down", "--config", cluster.config)
    cluster.up()
    browser.open(address(cluster, f"/jobs/{job}"))
    assert browser.wait_for("60 finished tasks", "#timeline") == before
    assert "60 of 60" in browser.text("#steps")
    assert "attempts: 60 finished" in browser.text("#attempts")
    browser.click("#attempts tbody a")
    browser.wait_for("Attempts that ended")


def test_every_page_is_quick_with_100000_tasks(new_cluster):
    """The counts are those of all tasks, and each list that is cut says so."""
    cluster = new_cluster(workers=2)
    job = cluster.submit("selftest", "--set", "tasks=100000")
    cluster.wait(job, 300)
    text = fetch(address(cluster, f"/jobs/{job}"))[1]
    assert "100,000 of 100,000" in text and "100,000 finished tasks" in text
    assert "the slowest 200 of 100,000" in text and "1–25 of 200 attempts" in text
    assert len(text) < 1 << 20


def test_workers_and_pools_are_drained_and_scaled_by_buttons(new_cluster, browser):
    cluster = new_cluster(workers=2)
    browser.open(address(cluster, "/workers"))
    browser.wait_for("2", "#workers")
    first = cluster.json("workers")[0]["id"]
    browser.click("#workers tbody tr button")
    browser.wait_for("↓ draining", "#history")
    wait_until(
        lambda: all(w["id"] != first or w["state"] == "STOPPED" for w in cluster.json("workers")),
        "the end of the drained worker",
    )
    browser.open(address(cluster, "/pools"))
    browser.wait_for("zone-a", "#pools")
    browser.run("document.querySelector('input[name=workers]').value = 3")
    browser.click("#pools tbody tr button")
    wait_until(lambda: cluster.json("pools")[0]["wanted"] == 3, "the pool's new size")
    browser.wait_for("+ joined", "#history")
    # What happened is known after a restart.
    cluster.run("down", "--config", cluster.config)
    cluster.up()
    browser.open(address(cluster, "/workers"))
    assert "draining" in browser.wait_for("asked to", "#history")


def test_tables_show_columns_versions_files_and_rows(new_cluster, browser, sample, tmp_path):
    cluster = new_cluster(workers=2)
    job = cluster.load("title_ratings", "--input", sample(0.002))["id"]
    view = tmp_path / "well_rated.sql"
    view.write_text("SELECT tconst AS title FROM ott.title_ratings")
    cluster.run("views", "publish", view)
    browser.open(address(cluster, "/tables"))
    shown = browser.wait_for("ott.title_ratings", "#tables")
    assert f"job {job}" in shown and "well_rated" in browser.text("#views")
    browser.click("#tables a[href='/tables/ott/title_ratings']")
    browser.wait_for("averageRating", "#columns")
    assert f"job {job}" in browser.text("#versions")
    assert ".parquet" in browser.text("#files")
    # The rows are fetched by the script and put in the place of their link.
    browser.wait_for("tt00", "#rows")
    assert browser.count("#rows tbody tr") == 10
    browser.wait_for("severity", "#quality")
    for name in ("title_ratings", "well_rated"):
        rows = fetch(address(cluster, f"/tables/ott/{name}/rows"))
        assert rows[0] == 200 and "tt00" in rows[1], "without a script, too"
    for path in ("/tables/ott/nothing", "/tables/ott/nothing/rows", "/tables/x'y/z/rows"):
        assert fetch(address(cluster, path))[0] == 404, path


SIZES = {"light": (1280, 900, False), "dark": (1280, 900, True), "phone": (390, 844, False)}


@pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="makes files: SCREENSHOTS=FOLDER")
@pytest.mark.parametrize("name", SIZES)
def test_screenshots(new_cluster, sample, tmp_path, name):
    """Makes the pictures of docs/screenshots, of a run of the seven tables."""
    cluster = new_cluster(workers=3, chunk="1MiB")
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    for tasks in (30, 80):
        cluster.load("selftest", "--set", f"tasks={tasks}", "--set", "sleep=50ms")
    browser = Browser(tmp_path, width=SIZES[name][0], height=SIZES[name][1], dark=SIZES[name][2])
    job = cluster.submit("imdb", "--input", sample(0.1))
    wait_until(lambda: cluster.status(job)["steps"][3]["state"] != "PENDING", "the fourth table")
    cluster.run("drain", cluster.json("workers")[0]["id"])
    os.kill(cluster.json("workers")[1]["pid"], signal.SIGKILL)
    wait_until(lambda: cluster.status(job)["steps"][5]["state"] != "PENDING", "the sixth table")

    def shoot(page, path, shown):
        browser.open(address(cluster, path))
        browser.wait_for(shown)
        # What is a page of its own is shown by then, too.
        wait_until(lambda: not browser.count("main [data-load]"), "all parts", 30)
        browser.screenshot(folder / f"{page}-{name}.png", most=1000)

    shoot("job", f"/jobs/{job}", "finished tasks")
    shoot("overview", "/", "zone-a")
    cluster.wait(job)
    shoot("workers", "/workers", "drained")
    shoot("pools", "/pools", "zone-a")
    shoot("tables", "/tables", "ott.title_akas")
    shoot("table", "/tables/ott/title_basics", "originalTitle")
    complaints = browser.complaints()
    browser.close()
    assert not complaints, complaints
