"""What monitoring sees, and that its own tools agree: promtool of Prometheus."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from harness import column, job_file, tsv, write_gzip

INTEGRATIONS = Path(__file__).resolve().parents[2] / "integrations"
PROMTOOL = Path(sys.executable).with_name("promtool")


def read(cluster):
    address = f"http://127.0.0.1:{cluster.http_port}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return answer.read().decode()


def values(text):
    """The samples by name with labels, as they stand in the text."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_promtool_finds_nothing_to_say_about_the_metrics(new_cluster):
    text = read(new_cluster().up())
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_metrics_count_what_jobs_did(new_cluster):
    cluster = new_cluster().up()
    rows = [[number, "x" if number == 5 else number] for number in range(1000)]
    rows.append(["too", "many", "fields"])
    write_gzip(cluster.folder / "counted.tsv.gz", tsv(["id", "n"], rows))
    job = job_file(cluster.folder, "counted", [column("id"), column("n", "int32")])
    cluster.load(job, "--input", cluster.folder)
    cluster.failure("selftest", "--set", "tasks=1", "--set", "fail_at=0")
    seen = values(read(cluster))
    assert seen['otcluster_jobs_ended_total{state="DONE"}'] == 1
    assert seen['otcluster_jobs_ended_total{state="ERROR"}'] == 1
    assert seen["otcluster_lines_total"] == 1001
    assert seen["otcluster_rows_total"] == 1000
    assert seen["otcluster_rejected_rows_total"] == 1
    assert seen["otcluster_unconverted_fields_total"] == 1
    assert seen["otcluster_text_bytes_total"] == len(tsv(rows[0], rows[1:]))
    assert seen['otcluster_attempts_ended_total{outcome="FINISHED"}'] == 1
    assert seen['otcluster_attempts_ended_total{outcome="FAILED"}'] >= 1
    assert seen['otcluster_pool_workers{pool="zone-a"}'] == 2
    assert seen['otcluster_pool_state{pool="zone-a",state="READY"}'] == 1
    assert seen[f'otcluster_disk_free_bytes{{path="{cluster.state}"}}'] > 0
    assert seen["process_resident_memory_bytes"] > 1 << 20
    assert 0 < seen["process_open_fds"] < seen["process_max_fds"]


def test_rows_that_are_sorted_first_are_counted_once(new_cluster):
    cluster = new_cluster().up()
    rows = [[f"{number * 7919 % 1000:04}"] for number in range(1000)]
    write_gzip(cluster.folder / "mixed.tsv.gz", tsv(["id"], rows))
    layout = {"cluster_by": ["id"], "partition_by": "bucket(4, id)"}
    job = job_file(cluster.folder, "mixed", [column("id")], **layout)
    assert cluster.load(job, "--input", cluster.folder)["steps"][0]["chunks"]["total"] > 1
    seen = values(read(cluster))
    assert seen["otcluster_rows_total"] == seen["otcluster_lines_total"] == 1000
    assert seen["otcluster_text_bytes_total"] == len(tsv(rows[0], rows[1:]))


def test_alert_rules_are_valid_and_name_metrics_that_there_are(new_cluster):
    rules = INTEGRATIONS / "prometheus/alerts.yaml"
    done = subprocess.run(
        [PROMTOOL, "check", "rules", rules], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr
    known = set(re.findall(r"^# TYPE (\S+)", read(new_cluster().up()), re.MULTILINE))
    panels = json.loads((INTEGRATIONS / "grafana/otcluster.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    expressions += re.findall(r"expr: (.*)", rules.read_text())
    named = set(re.findall(r"\b(?:otcluster|process)_\w+", " ".join(expressions)))
    assert named and named <= known, named - known
