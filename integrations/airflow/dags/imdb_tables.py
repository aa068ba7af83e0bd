"""Loads the seven IMDb tables on a cluster in the first zone that has room, and deletes the cluster.

A creation that fails in a full zone is followed by one in the next zone (trigger rule all_failed); the
loads begin when one of them has succeeded (one_success), and the deletion comes in any case (all_done).
"""

import os
from datetime import datetime

from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocDeleteClusterOperator,
    DataprocSubmitJobOperator,
)
from airflow.sdk import DAG

PROJECT = os.environ.get("OTJOB_PROJECT", "demo")
REGION = os.environ.get("OTJOB_REGION", "local")
ZONES = os.environ.get("OTJOB_ZONES", "zone-a,zone-b").split(",")
BUCKET = os.environ.get("OTJOB_BUCKET", "imdb-raw")
CLUSTER = "imdb-load"
TABLES = [
    "title_ratings",
    "title_episode",
    "title_crew",
    "title_basics",
    "name_basics",
    "title_akas",
    "title_principals",
]
PLACE = {"project_id": PROJECT, "region": REGION}


def create(zone, rule):
    return DataprocCreateClusterOperator(
        task_id=f"create_in_{zone.replace('-', '_')}",
        cluster_name=CLUSTER,
        cluster_config={
            "gce_cluster_config": {"zone_uri": zone},
            "worker_config": {"num_instances": 2},
        },
        trigger_rule=rule,
        **PLACE,
    )


def load(table, rule):
    arguments = [
        f"--input_file=gs://{BUCKET}/{table.replace('_', '.')}.tsv.gz",
        f"--output_table={PROJECT}.ott.{table}",
        f"--temp_bucket={BUCKET}",
        f"--project_id={PROJECT}",
    ]
    return DataprocSubmitJobOperator(
        task_id=f"transform_{table}",
        job={
            "placement": {"cluster_name": CLUSTER},
            "pyspark_job": {
                "main_python_file_uri": f"gs://{BUCKET}/code/transform_{table}.py",
                "args": arguments,
            },
        },
        trigger_rule=rule,
        **PLACE,
    )


with DAG("imdb_tables", start_date=datetime(2026, 1, 1), schedule=None, catchup=False):
    creations = [create(zone, "all_failed" if number else "all_success") for number, zone in enumerate(ZONES)]
    for first, second in zip(creations, creations[1:]):
        first >> second
    loads = [load(table, "all_success" if number else "one_success") for number, table in enumerate(TABLES)]
    creations >> loads[0]
    for first, second in zip(loads, loads[1:]):
        first >> second
    loads[-1] >> DataprocDeleteClusterOperator(
        task_id="delete_cluster", cluster_name=CLUSTER, trigger_rule="all_done", **PLACE
    )
