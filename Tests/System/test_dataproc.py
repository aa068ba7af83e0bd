"""The whole life of clusters and jobs with Dataproc's own clients, over plain HTTP on loopback."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud.dataproc_v1 import ClusterStatus, JobStatus

from dataproc import PROJECT, REGION, Client, selftest
from harness import PATIENCE_SECONDS, wait_until

# zone-a has room for two workers; the coordinator waits for more no longer than it must.
ZONES = [
    "{name: zone-a, provider: process, workers: 0, min_workers: 1, max_workers: 2, acquire_timeout: 30s}",
    "{name: zone-b, provider: process, workers: 0, min_workers: 1, max_workers: 6, acquire_timeout: 30s}",
    "{name: zone-c, provider: static, min_workers: 1, acquire_timeout: 1s}",
]
ENDED = (JobStatus.State.DONE, JobStatus.State.ERROR, JobStatus.State.CANCELLED)


def start(new_cluster, sample=None):
    more = [f"dataproc: {{buckets: {{imdb-raw: {sample}}}}}"] if sample else []
    cluster = new_cluster(pools=ZONES, more=more)
    cluster.client = Client(f"http://127.0.0.1:{cluster.http_port}")
    return cluster


def ended(client, job_id):
    def look():
        job = client.job(job_id)
        return job if job.status.state in ENDED else None

    return wait_until(look, f"the end of {job_id}")


def workers(cluster, pool):
    return [w for w in cluster.json("workers") if w["pool"] == pool and w["state"] == "READY"]


# Clusters


def test_a_full_zone_ends_in_an_error_and_the_next_zone_is_had_under_the_same_name(new_cluster):
    cluster = start(new_cluster)
    for zone in ("zone-a", "projects/demo/zones/zone-c"):
        with pytest.raises(exceptions.ResourceExhausted) as told:
            cluster.client.create("etl", zone=zone, workers=3).result(timeout=60)
        assert "ZONE_RESOURCE_POOL_EXHAUSTED" in str(told.value)
        assert zone.split("/")[-1] in str(told.value)
        with pytest.raises(exceptions.NotFound):
            cluster.client.cluster("etl")
    wait_until(lambda: not workers(cluster, "zone-a"), "zone-a given back")
    made = cluster.client.create("etl", zone="zone-b", workers=3).result(timeout=60)
    assert made.config.gce_cluster_config.zone_uri == "zone-b"
    assert made.status.state == ClusterStatus.State.RUNNING
    assert len(workers(cluster, "zone-b")) == 3
    cluster.client.delete("etl")
    wait_until(lambda: not workers(cluster, "zone-b"), "zone-b given back")


def test_the_error_names_its_reason_for_programs(new_cluster):
    client = start(new_cluster).client
    operation = client.create("etl", zone="zone-a", workers=3)
    with pytest.raises(exceptions.ResourceExhausted):
        operation.result(timeout=60)
    name = operation.operation.name
    status, told = client.plain("GET", f"operations/{name.split('/')[-1]}")
    assert status == 200 and told["done"] is True
    assert told["error"]["code"] == 8
    [info] = told["error"]["details"]
    assert info["reason"] == "ZONE_RESOURCE_POOL_EXHAUSTED"
    assert info["metadata"] == {"zone": "zone-a"}


def test_a_cluster_that_is_to_stay_after_a_failure_stays(new_cluster):
    client = start(new_cluster).client
    with pytest.raises(exceptions.ResourceExhausted):
        client.create(
            "kept", zone="zone-a", workers=3, action_on_failed_primary_workers="NO_ACTION"
        ).result(timeout=60)
    kept = client.cluster("kept")
    assert kept.status.state == ClusterStatus.State.ERROR
    assert "zone-a" in kept.status.detail
    client.delete("kept")


def test_without_a_zone_the_first_with_room_is_taken(new_cluster):
    client = start(new_cluster).client
    first = client.create("one", workers=2).result(timeout=60)
    second = client.create("two", workers=2).result(timeout=60)
    zones = [c.config.gce_cluster_config.zone_uri for c in (first, second)]
    assert zones == ["zone-a", "zone-b"]
    with pytest.raises(exceptions.Conflict):
        client.create("one")


# Jobs


def test_the_whole_life_of_a_job(new_cluster):
    client = start(new_cluster).client
    client.create("etl", workers=1).result(timeout=60)
    sent = client.submit("etl", selftest(20), request_id="once")
    assert sent.status.state == JobStatus.State.PENDING
    assert client.submit("etl", selftest(20), request_id="once").job_uuid == sent.job_uuid
    job = ended(client, sent.reference.job_id)
    assert job.status.state == JobStatus.State.DONE, job.status.details
    assert job.status_history[0].state == JobStatus.State.PENDING
    assert job.done
    assert job.placement.cluster_uuid == client.cluster("etl").cluster_uuid
    assert [a.progress for a in job.yarn_applications] == [1.0]
    listed = client.jobs.list_jobs(project_id=PROJECT, region=REGION)
    assert [j.job_uuid for j in listed] == [sent.job_uuid]
    client.jobs.delete_job(project_id=PROJECT, region=REGION, job_id=sent.reference.job_id)
    with pytest.raises(exceptions.NotFound):
        client.job(sent.reference.job_id)


def test_a_job_is_cancelled_and_one_that_is_over_is_not(new_cluster):
    client = start(new_cluster).client
    client.create("etl", workers=1).result(timeout=60)
    sent = client.submit("etl", selftest(1000, "1s"))
    asked = client.jobs.cancel_job(
        project_id=PROJECT, region=REGION, job_id=sent.reference.job_id
    )
    states = JobStatus.State
    assert asked.status.state in (states.CANCEL_PENDING, states.CANCEL_STARTED)
    job = ended(client, sent.reference.job_id)
    assert job.status.state == states.CANCELLED
    with pytest.raises(exceptions.BadRequest):
        client.jobs.cancel_job(project_id=PROJECT, region=REGION, job_id=sent.reference.job_id)


def test_a_job_as_an_operation_succeeds_or_fails_with_the_jobs_reason(new_cluster):
    client = start(new_cluster).client
    client.create("etl", workers=1).result(timeout=60)

    def submit(job):
        return client.jobs.submit_job_as_operation(
            request={
                "project_id": PROJECT,
                "region": REGION,
                "job": {"placement": {"cluster_name": "etl"}, **job},
            }
        )

    assert submit(selftest(5)).result(timeout=60).status.state == JobStatus.State.DONE
    with pytest.raises(exceptions.GoogleAPICallError) as told:
        submit(selftest(5, **{"otjob:fail_at": "2"})).result(timeout=60)
    assert "failed" in str(told.value)


def test_python_files_stand_for_the_jobs_that_do_the_same(new_cluster, sample):
    cluster = start(new_cluster, sample(0.002))
    client = cluster.client
    client.create("etl", workers=2).result(timeout=60)
    script = {
        "main_python_file_uri": "gs://code/spark/transform_title_ratings.py",
        "args": [
            "--input_file=gs://imdb-raw/title.ratings.tsv.gz",
            "--output_table", "ott.title_ratings",
            "--temp_bucket=scratch",
            "--project_id=demo",
        ],
    }
    job = ended(client, client.submit("etl", {"pyspark_job": script}).reference.job_id)
    assert job.status.state == JobStatus.State.DONE, job.status.details
    [row] = cluster.json("query", "SELECT count(*) AS n FROM ott.title_ratings")
    assert row["n"] > 0
    sql = {"query_list": {"queries": ["SELECT count(*) FROM ott.title_ratings", "SELECT 1"]}}
    job = ended(client, client.submit("etl", {"spark_sql_job": sql}).reference.job_id)
    assert job.status.state == JobStatus.State.DONE, job.status.details
    sql = {"query_list": {"queries": ["SELECT * FROM nowhere"]}}
    job = ended(client, client.submit("etl", {"spark_sql_job": sql}).reference.job_id)
    assert job.status.state == JobStatus.State.ERROR
    assert "nowhere" in job.status.details


@pytest.mark.parametrize(
    "job, told",
    [
        ({"hadoop_job": {"main_class": "nowhere"}}, "no such job"),
        ({"pyspark_job": {"main_python_file_uri": "gs://x/other.py"}}, "transform_title_akas.py"),
        ({"hive_job": {"query_list": {"queries": ["SELECT 1"]}}}, "supported are hadoopJob"),
        ({"spark_sql_job": {"query_list": {"queries": ["DROP TABLE x"]}}}, "queries[0]"),
        ({"hadoop_job": {"main_class": "selftest", "properties": {"otjob:no": "1"}}}, "no"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(refusing_client, job, told):
    with pytest.raises(exceptions.BadRequest) as refused:
        refusing_client.submit("etl", job)
    assert told in str(refused.value)


@pytest.fixture(scope="module")
def refusing_client(new_shared_cluster):
    client = start(new_shared_cluster).client
    client.create("etl", workers=1).result(timeout=60)
    return client


def test_a_misspelt_field_is_refused_with_its_path(refusing_client):
    body = {"clusterName": "x", "config": {"workerConfig": {"numInstance": 2}}}
    status, told = refusing_client.plain("POST", "clusters", body)
    assert status == 400
    assert told["error"]["status"] == "INVALID_ARGUMENT"
    assert "config.workerConfig.numInstance" in told["error"]["message"]


def test_what_is_not_there_says_so(refusing_client):
    for path in ("batches", "sessions"):
        status, told = refusing_client.plain("GET", path)
        assert (status, told["error"]["status"]) == (501, "UNIMPLEMENTED")


# Restarts


def test_clusters_jobs_and_operations_survive_a_coordinator_that_is_killed(new_cluster):
    cluster = start(new_cluster)
    client = cluster.client
    client.create("etl", workers=1, labels={"team": "x"}).result(timeout=60)
    done = ended(client, client.submit("etl", selftest(3)).reference.job_id)
    running = client.submit("etl", selftest(60, "100ms"))
    # Its zone has no worker and never gets one: the operation must end all the same.
    hopeless = client.create("hopeless", zone="zone-c", workers=1)
    os.kill(cluster.coordinator_pid(), signal.SIGKILL)
    cluster.up()
    assert client.cluster("etl").labels == {"team": "x"}
    assert client.job(done.reference.job_id).status.state == JobStatus.State.DONE
    with pytest.raises(exceptions.ResourceExhausted):
        hopeless.result(timeout=60)
    job = ended(client, running.reference.job_id)
    assert job.status.state == JobStatus.State.DONE, job.status.details
    client.delete("etl")
    wait_until(lambda: not workers(cluster, "zone-a"), "zone-a given back", PATIENCE_SECONDS)


# The documentation


def test_the_examples_of_the_documentation_work(new_cluster):
    cluster = start(new_cluster)
    text = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text()
    examples = re.findall(r"```sh\n(.*?)```", text, re.S)
    assert len(examples) > 2
    environment = {**os.environ, "BASE": f"http://127.0.0.1:{cluster.http_port}/v1/{cluster.client.parent}"}
    for example in examples:
        command = ["bash", "-euo", "pipefail", "-c", example.replace("curl -s", "curl -sS --fail-with-body")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, example + done.stdout + done.stderr
        wait_until(lambda: cluster.client.cluster("etl").status.state == ClusterStatus.State.RUNNING, "etl")
    [operation] = [o for o in cluster.client.plain("GET", "operations")[1]["operations"]
                   if o["metadata"]["@type"].endswith("WorkflowMetadata")]
    path = "operations/" + operation["name"].split("/")[-1]
    wait_until(lambda: cluster.client.plain("GET", path)[1]["done"], "the end of the workflow")
    ended = cluster.client.plain("GET", path)[1]
    assert "error" not in ended, ended
    assert [n["state"] for n in ended["metadata"]["graph"]["nodes"]] == ["COMPLETED"] * 2
