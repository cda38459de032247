"""Every typical mistake, and all that is said about it: the snapshots are the text itself."""

import importlib
import os
import re

import pytest
from gallery_lab import GALLERY, HERE, write_snapshot

for chapter in (
    "gallery_project",
    "gallery_data",
    "gallery_storage",
    "gallery_models",
    "gallery_drift",
    "gallery_back",
):
    importlib.import_module(chapter)

SNAPSHOTS = HERE / "snapshots"
UPDATE = os.environ.get("LAKESMITH_GALLERY") == "update"
SLOW = ("clock_behind", "disk_full", "emptied_source", "foreign_commit", "rewritten_file", "two_runs_at_once")
"""Cases that take long, as those do before which dbt builds something."""
TRACES = re.compile(r"Traceback|File \"[^\"]+\", line \d+|\.py:\d+|site-packages")


@pytest.mark.few(20)
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=[pytest.mark.long] * (case.stage == "built" or name in SLOW))
        for name, case in GALLERY.cases.items()
    ],
)
def test_what_a_mistake_says(bench, case):
    lab = bench.lab(case.stage)
    result = case.act(lab)
    assert result.code == case.code, result.out + result.err
    assert not TRACES.search(result.out + result.err)
    check_streams(case, result)
    shown, file = write_snapshot(case, lab, result), SNAPSHOTS / f"{case.name}.txt"
    if UPDATE:
        file.write_text(shown)
    assert shown == file.read_text()


def check_streams(case, result):
    """What went wrong is on standard error alone, beside a report of what went well; all JSON is one object on standard output."""
    if "--json" in result.arguments:
        assert result.json()["ok"] is False
        assert result.err == ""
        return
    assert bool(result.out) == (case.report or not case.code)
    assert bool(result.err) == bool(case.code) or result.err.startswith("Warning: ")
    if case.code:
        assert re.search(r"fix: |Try 'lakesmith|The project file has", result.err), "an error says what to do"


def test_no_snapshot_is_left_over():
    assert {file.stem for file in SNAPSHOTS.glob("*.txt")} == set(GALLERY.cases)


def test_a_case_says_what_it_shows():
    assert all(case.about.endswith(".") and not case.title.endswith(".") for case in GALLERY.cases.values())
