"""What else Dataproc's clients do: scaling, templates, policies, paging, other clients, TLS."""

import json
import os
import shutil
import subprocess

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.dataproc_v1 import ClusterStatus, JobStatus
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from dataproc import PROJECT, REGION, Client, selftest
from harness import wait_until
from secured import SecuredCluster
from test_dataproc import ZONES, ended, start, workers


def paged(call, **more):
    return list(call(request={"project_id": PROJECT, "region": REGION, **more}))


# Scaling


def test_a_cluster_that_shrinks_with_a_graceful_time_waits_for_its_tasks(new_cluster):
    cluster = start(new_cluster)
    client = cluster.client
    client.create("etl", zone="zone-b", workers=1).result(timeout=60)
    client.scale("etl", 3).result(timeout=60)
    assert len(workers(cluster, "zone-b")) == 3
    # One task a worker, long enough to see that it is waited for.
    job = client.submit("etl", selftest(3, "6s"))
    wait_until(
        lambda: client.job(job.reference.job_id).status.state == JobStatus.State.RUNNING, "RUNNING"
    )
    operation = client.scale("etl", 1, grace=60)
    assert client.cluster("etl").status.state == ClusterStatus.State.UPDATING
    operation.result(timeout=60)
    assert ended(client, job.reference.job_id).status.state == JobStatus.State.DONE
    [step] = cluster.status(cluster.json("list")[0]["id"])["steps"]
    assert (step["attempts"], step["chunks"]["total"]) == (3, 3)
    wait_until(lambda: len(workers(cluster, "zone-b")) == 1, "one worker")


def test_without_a_graceful_time_tasks_are_done_again_elsewhere(new_cluster):
    cluster = start(new_cluster)
    client = cluster.client
    client.create("etl", zone="zone-b", workers=3).result(timeout=60)
    job = client.submit("etl", selftest(3, "5s"))
    wait_until(lambda: sum(w["running"] for w in workers(cluster, "zone-b")) == 3, "3 tasks run")
    client.scale("etl", 1).result(timeout=60)
    assert len(workers(cluster, "zone-b")) == 1
    # The operation did not wait for the tasks of the workers that left.
    assert client.job(job.reference.job_id).status.state == JobStatus.State.RUNNING
    assert ended(client, job.reference.job_id).status.state == JobStatus.State.DONE


def test_an_update_beyond_the_zones_room_leaves_the_cluster_as_it_was(new_cluster):
    client = start(new_cluster).client
    client.create("etl", zone="zone-a", workers=1).result(timeout=60)
    with pytest.raises(exceptions.ResourceExhausted):
        client.scale("etl", 5).result(timeout=60)
    cluster = client.cluster("etl")
    assert cluster.status.state == ClusterStatus.State.RUNNING
    assert cluster.config.worker_config.num_instances == 1


# Lists


def test_lists_are_paged_and_filtered(new_cluster):
    client = start(new_cluster).client
    client.create("one", zone="zone-a", workers=1, labels={"env": "test"}).result(timeout=60)
    client.create("two", zone="zone-b", workers=1, labels={"env": "prod"}).result(timeout=60)
    sent = [client.submit("two", selftest(1)).reference.job_id for _ in range(7)]
    for job in sent:
        ended(client, job)
    jobs = paged(client.jobs.list_jobs, page_size=3)
    assert [job.reference.job_id for job in jobs] == sent[::-1]
    assert len(paged(client.jobs.list_jobs, job_state_matcher="NON_ACTIVE")) == 7
    assert paged(client.jobs.list_jobs, job_state_matcher="ACTIVE") == []
    assert paged(client.jobs.list_jobs, cluster_name="one") == []
    assert len(paged(client.jobs.list_jobs, filter="status.state = DONE")) == 7
    found = paged(client.clusters.list_clusters, filter="status.state = ACTIVE AND labels.env = prod")
    assert [cluster.cluster_name for cluster in found] == ["two"]
    with pytest.raises(exceptions.BadRequest):
        paged(client.clusters.list_clusters, filter="size = 3")


# Templates and policies


def test_a_template_with_parameters_runs_its_steps_in_order_on_a_cluster_of_its_own(new_cluster):
    cluster = start(new_cluster)
    client = cluster.client

    def step(name, *needs):
        return {"step_id": name, "prerequisite_step_ids": needs, **selftest(2)}

    template = {
        "id": "nightly",
        "placement": {
            "managed_cluster": {
                "cluster_name": "work",
                "config": {"worker_config": {"num_instances": 1}},
            }
        },
        "jobs": [step("last", "first"), step("first")],
        "parameters": [
            {"name": "TASKS", "fields": ["jobs['first'].hadoopJob.properties['otjob:tasks']"]}
        ],
    }
    made = client.templates.create_workflow_template(parent=client.parent, template=template)
    assert made.version == 1
    with pytest.raises(exceptions.BadRequest):
        client.templates.instantiate_workflow_template(name=made.name)
    operation = client.templates.instantiate_workflow_template(
        name=made.name, parameters={"TASKS": "5"}
    )
    operation.result(timeout=90)
    nodes = {node.step_id: node for node in operation.metadata.graph.nodes}
    assert {str(node.state.name) for node in nodes.values()} == {"COMPLETED"}
    first = client.job(nodes["first"].job_id)
    assert first.hadoop_job.properties["otjob:tasks"] == "5"
    assert client.job(nodes["last"].job_id).status_history[0].state_start_time >= (
        first.status.state_start_time
    )
    assert paged(client.clusters.list_clusters) == []


def test_a_failed_step_ends_the_workflow_and_its_cluster(new_cluster):
    client = start(new_cluster).client
    template = {
        "placement": {"managed_cluster": {"cluster_name": "work", "config": {}}},
        "jobs": [
            {"step_id": "first", **selftest(2, **{"otjob:fail_at": "1"})},
            {"step_id": "second", "prerequisite_step_ids": ["first"], **selftest(1)},
        ],
    }
    operation = client.templates.instantiate_inline_workflow_template(
        parent=client.parent, template=template
    )
    with pytest.raises(exceptions.GoogleAPICallError) as told:
        operation.result(timeout=90)
    assert "first" in str(told.value)
    assert paged(client.clusters.list_clusters) == []


def test_a_policy_scales_its_cluster(new_cluster):
    client = start(new_cluster).client
    policy = {
        "id": "grow",
        "worker_config": {"min_instances": 1, "max_instances": 4},
        "basic_algorithm": {"yarn_config": {"scale_up_factor": 1.0, "scale_down_factor": 1.0}},
    }
    made = client.policies.create_autoscaling_policy(parent=client.parent, policy=policy)
    with pytest.raises(exceptions.Conflict):
        client.policies.create_autoscaling_policy(parent=client.parent, policy=policy)
    config = {"autoscaling_config": {"policy_uri": made.name}}
    client.create("etl", zone="zone-b", workers=1, config=config).result(timeout=60)
    job = client.submit("etl", selftest(3000, "20ms"))
    wait_until(lambda: client.cluster("etl").config.worker_config.num_instances == 4, "4 workers")
    with pytest.raises(exceptions.BadRequest):
        client.policies.delete_autoscaling_policy(name=made.name)
    assert ended(client, job.reference.job_id).status.state == JobStatus.State.DONE


# Other clients


def test_the_discovery_client_goes_through_the_same_life(new_cluster):
    cluster = start(new_cluster)
    service = build(
        "dataproc",
        "v1",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{cluster.http_port}"},
        static_discovery=True,
    )
    regions = service.projects().regions()
    place = {"projectId": PROJECT, "region": REGION}

    def done(operation):
        def look():
            found = regions.operations().get(name=operation["name"]).execute()
            return found if found["done"] else None

        return wait_until(look, operation["name"])

    def create(zone, count):
        config = {"gceClusterConfig": {"zoneUri": zone}, "workerConfig": {"numInstances": count}}
        body = {"projectId": PROJECT, "clusterName": "etl", "config": config}
        return done(regions.clusters().create(**place, body=body).execute())

    assert create("zone-a", 3)["error"]["code"] == 8
    assert create("zone-b", 1)["response"]["status"]["state"] == "RUNNING"
    job = {
        "placement": {"clusterName": "etl"},
        "sparkJob": {"mainClass": "selftest", "properties": {"otjob:tasks": "3"}},
    }
    sent = regions.jobs().submit(**place, body={"job": job}).execute()
    job_id = sent["reference"]["jobId"]
    get = regions.jobs().get(**place, jobId=job_id)
    wait_until(lambda: get.execute()["status"]["state"] == "DONE", "DONE")
    listed = regions.jobs().list(**place, filter="status.state = NON_ACTIVE").execute()
    assert [j["reference"]["jobId"] for j in listed["jobs"]] == [job_id]
    body = {"config": {"workerConfig": {"numInstances": 2}}}
    mask = "config.worker_config.num_instances"
    patch = regions.clusters().patch(
        **place, clusterName="etl", updateMask=mask, gracefulDecommissionTimeout="10s", body=body
    )
    assert "error" not in done(patch.execute())
    assert "error" not in done(regions.clusters().delete(**place, clusterName="etl").execute())
    with pytest.raises(HttpError) as told:
        regions.clusters().get(**place, clusterName="etl").execute()
    assert told.value.status_code == 404


@pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")
def test_gcloud_creates_submits_tails_and_deletes(new_cluster, tmp_path):
    cluster = start(new_cluster)
    address = f"http://127.0.0.1:{cluster.http_port}/"
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(tmp_path),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_DATAPROC_REGION": REGION,
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC": address,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": address + "storage/v1/",
    }

    def gcloud(*arguments):
        return subprocess.run(
            ["gcloud", "dataproc", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def create(zone, count):
        return gcloud("clusters", "create", "etl", f"--zone={zone}", f"--num-workers={count}", "--no-address")

    full = create("zone-a", 3)
    assert full.returncode != 0 and "ZONE_RESOURCE_POOL_EXHAUSTED" in full.stderr, full.stderr
    made = create("zone-b", 2)
    assert made.returncode == 0, made.stderr
    words = ["--cluster=etl", "--class=selftest", "--properties=otjob:tasks=4"]
    ran = gcloud("jobs", "submit", "hadoop", *words)
    assert ran.returncode == 0, ran.stderr
    assert "accepted: selftest" in ran.stderr and "ended DONE" in ran.stderr
    listed = gcloud("jobs", "list", "--format=json")
    assert [job["status"]["state"] for job in json.loads(listed.stdout)] == ["DONE"]
    assert gcloud("clusters", "update", "etl", "--num-workers=3").returncode == 0
    gone = gcloud("clusters", "delete", "etl", "--quiet")
    assert gone.returncode == 0, gone.stderr
    assert json.loads(gcloud("clusters", "list", "--format=json").stdout) == []


# TLS and a token


@pytest.fixture
def secured(otjob, tmp_path):
    cluster = SecuredCluster(otjob, tmp_path / "cluster", pools=ZONES)
    yield cluster.up()
    cluster.end_workers()
    cluster.down()


def test_over_tls_the_token_is_asked_for(secured, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secured.security / "ca.pem"))
    address = f"https://127.0.0.1:{secured.http_port}"
    # Told 401, the library would refresh what cannot be refreshed.
    for credentials in (AnonymousCredentials(), Credentials("guess")):
        with pytest.raises(GoogleAuthError):
            Client(address, credentials).create("etl", zone="zone-a", workers=1)
    client = Client(address, Credentials((secured.security / "token").read_text().strip()))
    client.create("etl", zone="zone-a", workers=1).result(timeout=60)
    job = ended(client, client.submit("etl", selftest(2)).reference.job_id)
    assert job.status.state == JobStatus.State.DONE
    client.delete("etl")


# Hostile names


def test_hostile_names_stay_text(new_cluster):
    cluster = start(new_cluster)
    client = cluster.client
    client.create("etl", workers=1, labels={"a": "<script>alert(1)</script>"}).result(timeout=60)
    base = f"{client.address}/v1/{client.parent}"

    def raw(path):
        done = subprocess.run(
            ["curl", "-sS", f"{base}/{path}"], capture_output=True, text=True, timeout=20
        )
        assert "<" not in done.stdout
        return json.loads(done.stdout)

    assert raw("clusters/etl")["labels"] == {"a": "<script>alert(1)</script>"}
    for path in ("clusters/%3Cscript%3E", "jobs/%3Cb%3E", "operations/a%22%0Ab"):
        assert raw(path)["error"]["code"] == 404
