"""The Dataproc API as its clients see it: typed clients of google-cloud-dataproc over REST."""

import json
import urllib.error
import urllib.request

from google.auth.credentials import AnonymousCredentials
from google.cloud import dataproc_v1

PROJECT, REGION = "demo", "local"


class Client:
    """The clients of one coordinator, and plain requests for what they would not send."""

    def __init__(self, address, credentials=None):
        self.address = address
        self.parent = f"projects/{PROJECT}/regions/{REGION}"
        options = {
            "transport": "rest",
            "credentials": credentials or AnonymousCredentials(),
            "client_options": {"api_endpoint": address},
        }
        self.clusters = dataproc_v1.ClusterControllerClient(**options)
        self.jobs = dataproc_v1.JobControllerClient(**options)
        self.templates = dataproc_v1.WorkflowTemplateServiceClient(**options)
        self.policies = dataproc_v1.AutoscalingPolicyServiceClient(**options)

    def create(self, name, *, zone=None, workers=2, labels=None, config=None, **more):
        """Begins to create a cluster; the operation is the answer."""
        config = {"worker_config": {"num_instances": workers}, **(config or {})}
        if zone:
            config["gce_cluster_config"] = {"zone_uri": zone}
        cluster = {"cluster_name": name, "config": config, "labels": labels or {}}
        request = {"project_id": PROJECT, "region": REGION, "cluster": cluster, **more}
        return self.clusters.create_cluster(request=request)

    def cluster(self, name):
        return self.clusters.get_cluster(project_id=PROJECT, region=REGION, cluster_name=name)

    def delete(self, name):
        self.clusters.delete_cluster(
            project_id=PROJECT, region=REGION, cluster_name=name
        ).result(timeout=60)

    def scale(self, name, workers, grace=None, group="worker_config"):
        request = {
            "project_id": PROJECT,
            "region": REGION,
            "cluster_name": name,
            "cluster": {"config": {group: {"num_instances": workers}}},
            "update_mask": {"paths": [f"config.{group}.num_instances"]},
        }
        if grace:
            request["graceful_decommission_timeout"] = {"seconds": grace}
        return self.clusters.update_cluster(request=request)

    def submit(self, cluster, job, **more):
        request = {
            "project_id": PROJECT,
            "region": REGION,
            "job": {"placement": {"cluster_name": cluster}, **job},
            **more,
        }
        return self.jobs.submit_job(request=request)

    def job(self, job_id):
        return self.jobs.get_job(project_id=PROJECT, region=REGION, job_id=job_id)

    def plain(self, method, path, body=None, headers=None):
        """Status and JSON of a request made without any client."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(
            f"{self.address}/v1/{self.parent}/{path}", data, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def selftest(tasks=10, sleep="0s", **more):
    """A job that does nothing, in so many tasks."""
    properties = {"otjob:tasks": str(tasks), "otjob:sleep": sleep, **more}
    return {"hadoop_job": {"main_class": "selftest", "properties": properties}}
