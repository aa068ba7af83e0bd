"""Gives Airflow's Dataproc operators the REST transport, and the coordinator as their endpoint.

The stock hook speaks gRPC to Google's own host. With this file in Airflow's plugins folder DAGs stay as
they are; the environment tells where the coordinator is:

    OTJOB_COORDINATOR   its address, as http://127.0.0.1:8080
    OTJOB_TOKEN_FILE    the file with its token, where it asks for one
    REQUESTS_CA_BUNDLE  its ca.pem, where it speaks TLS

Deferrable operators use other, asynchronous clients, which have no REST transport: leave deferrable=False.
"""

import os
from pathlib import Path

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.google.cloud.hooks.dataproc import DataprocHook
from google.api_core.exceptions import AlreadyExists, Conflict
from google.auth.credentials import AnonymousCredentials
from google.cloud import dataproc_v1
from google.oauth2.credentials import Credentials


def _credentials():
    token_file = os.environ.get("OTJOB_TOKEN_FILE")
    return Credentials(Path(token_file).read_text().strip()) if token_file else AnonymousCredentials()


def _client(kind):
    return kind(
        transport="rest",
        credentials=_credentials(),
        client_options={"api_endpoint": os.environ.get("OTJOB_COORDINATOR", "http://127.0.0.1:8080")},
    )


def _told_apart(call):
    """Over REST every 409 is a Conflict; the operators look for AlreadyExists, as gRPC has it."""

    def told(*arguments, **options):
        try:
            return call(*arguments, **options)
        except Conflict as error:
            raise AlreadyExists(error.message, errors=error.errors) from error

    return told


class _Clusters(dataproc_v1.ClusterControllerClient):
    def create_cluster(self, *arguments, **options):
        return _told_apart(super().create_cluster)(*arguments, **options)


class _Templates(dataproc_v1.WorkflowTemplateServiceClient):
    def create_workflow_template(self, *arguments, **options):
        return _told_apart(super().create_workflow_template)(*arguments, **options)


DataprocHook.get_cluster_client = lambda hook, region=None: _client(_Clusters)
DataprocHook.get_template_client = lambda hook, region=None: _client(_Templates)
DataprocHook.get_job_client = lambda hook, region=None: _client(dataproc_v1.JobControllerClient)


class OtclusterDataproc(AirflowPlugin):
    name = "otcluster_dataproc"
