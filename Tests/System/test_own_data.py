"""A user's own data needs a job file and nothing else."""

import gzip

from harness import WRONG_USAGE, column, comma_list, job_file, tsv, write_gzip
from lake import Lake

STATIONS = """\
job: weather
input: weather.tsv.gz
format: {kind: tsv, null: '-', header: true}
table: weather
columns:
  - {name: station, type: string, required: true}
  - {name: day, type: date}
  - {name: measured_at, type: timestamp}
  - {name: temperature, type: float64}
  - {name: readings, type: int64}
  - {name: tags, type: list<string>, separator: ";"}
write: replace
cluster_by: [station, day]
views:
  - {name: weather_tags, unnest: tags, as: tag, keep: [station, day]}
"""
DATA = tsv(
    ["station", "day", "measured_at", "temperature", "readings", "tags"],
    [
        ("Zürich", "2026-11-01", "2026-11-01T06:00:00", "3.5", "24", "alps;city"),
        ("Zürich", "2026-11-02", "-", "-1e-1", "23", ""),
        ("-", "2026-11-02", "-", "1", "1", "no station"),
        ("札幌", "2026-11-01", "2026-11-01 06:00:00.25", "-", "12345678901", "snow"),
    ],
)


def test_a_job_file_written_by_hand_loads_data_that_is_not_imdbs(cluster, tmp_path):
    (tmp_path / "weather.yaml").write_text(STATIONS)
    write_gzip(tmp_path / "weather.tsv.gz", DATA)
    status = cluster.load(tmp_path / "weather.yaml", "--input", tmp_path)
    [step] = status["steps"]
    assert (step["job"], step["table"], step["rows"], step["rejected"]) == (
        "weather",
        "weather",
        3,
        1,
    )
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(*) FROM weather WHERE day = DATE '2026-11-01'") == 2
        assert lake.value("SELECT max(readings) FROM weather") == 12345678901
        found = lake.query("SELECT station, tag FROM weather_tags ORDER BY tag")
        assert found == [("Zürich", "alps"), ("Zürich", "city"), ("札幌", "snow")]


def test_a_folder_of_jobs_in_the_configuration_adds_them_by_name(new_cluster, tmp_path):
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "weather.yaml").write_text(STATIONS)
    write_gzip(tmp_path / "weather.tsv.gz", DATA)
    cluster = new_cluster(jobs=folder)
    assert cluster.load("weather", "--input", tmp_path)["steps"][0]["rows"] == 3


def test_a_glob_loads_all_files_that_match(cluster, tmp_path):
    columns = [column("id"), comma_list("items")]
    for part in range(3):
        rows = [(f"{part}-{n}", "a,b") for n in range(1000)]
        (tmp_path / f"part{part}.tsv.gz").write_bytes(
            gzip.compress(tsv(["id", "items"], rows).encode())
        )
    job = job_file(tmp_path, "parts", columns)
    status = cluster.load(job, "--input", tmp_path / "part*.tsv.gz")
    assert status["steps"][0]["rows"] == 3000
    with Lake(cluster.catalog) as lake:
        assert lake.value("SELECT count(DISTINCT id) FROM parts") == 3000


def test_a_job_file_that_is_wrong_is_refused_with_line_and_column(cluster, tmp_path):
    for wrong, named in {
        "job: [": "",
        STATIONS.replace("type: float64", "type: real"): "real",
        STATIONS.replace("write: replace", "wirte: replace"): "wirte",
        STATIONS.replace("cluster_by: [station, day]", "cluster_by: [stattion]"): "stattion",
        STATIONS.replace("table: weather", "table: Weather; DROP"): "Weather; DROP",
    }.items():
        path = tmp_path / "wrong.yaml"
        path.write_text(wrong)
        told = cluster.run("submit", path, "--input", tmp_path, code=WRONG_USAGE).stderr
        assert len(told.splitlines()) == 1
        assert "wrong.yaml" in told and named in told
        assert any(character.isdigit() for character in told.split("wrong.yaml", 1)[1]), told
