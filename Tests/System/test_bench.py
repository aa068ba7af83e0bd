"""The report of scripts/bench: what counts as reached, and what figures are compared with."""

import json
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import bench  # noqa: E402


def stored(folder, version, value):
    document = {"about": {"version": version}, "figures": {"a": {"value": value, "unit": "ms"}}}
    (folder / f"{version}.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    "value, bound, met",
    [(300, "<= 300", True), (301, "<= 300", False), (2e4, ">= 20000", True), (1, None, None)],
)
def test_a_figure_is_met_or_missed_by_its_bound(value, bound, met):
    figures = bench.Figures()
    figures.add("a", "ms", [value], bound)
    assert bench.is_met(figures.rows["a"]) is met


def test_the_median_of_the_runs_is_the_figure():
    figures = bench.Figures()
    figures.add("a", "ms", [9, 1, 2])
    assert figures.value("a") == 2


def test_figures_are_compared_with_the_newest_other_version(tmp_path):
    assert bench.last_release(tmp_path, "0.10.0") is None
    for version, value in (("0.2.0", 2), ("0.9.0", 9), ("0.10.0", 10)):
        stored(tmp_path, version, value)
    assert bench.last_release(tmp_path, "0.10.0")["figures"]["a"]["value"] == 9
    assert bench.last_release(tmp_path, "0.11.0")["figures"]["a"]["value"] == 10


def test_the_report_says_what_was_missed_and_what_it_was_before(tmp_path):
    stored(tmp_path, "0.1.0", 20)
    figures = bench.Figures()
    figures.add("a", "ms", [40], "<= 30")
    figures.add("new", "x", [1.5])
    text = bench.report(figures, bench.last_release(tmp_path, "0.2.0"), {"command": "bench a"})
    assert "- command: bench a" in text
    assert "| a | 40 | ms | <= 30 (missed) | 20 | 2.00 |" in text
    assert "| new | 1.5 | x |  |  |  |" in text


def test_saved_figures_stand_beside_those_that_were_not_measured_again(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "STORED", tmp_path)
    for name in ("a", "b", "a"):
        figures = bench.Figures()
        figures.add(name, "ms", [1])
        bench.save(figures, {"version": "0.1.0"})
    saved = json.loads((tmp_path / "0.1.0.json").read_text())
    assert set(saved["figures"]) == {"a", "b"}
