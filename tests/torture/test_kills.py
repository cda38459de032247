"""The quick part of kills and trouble, in a process of its own: one that forks victims must have run nothing."""

import json
import subprocess
import sys

import pytest

from lakesmith.testing.torture.report import page

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", params=["points", "files", "random", "faults"])
def quick(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("torture")
    words = ["--quick", "--part", request.param, "--workers", "1", "--tmp", str(folder), "--out", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "lakesmith.testing.torture", *words], capture_output=True, text=True, check=False
    )
    return request.param, done, json.loads((folder / "torture.json").read_text()), (folder / "torture.md").read_text()


def test_nothing_is_lost_doubled_or_unreadable(quick):
    part, done, figures, _page = quick
    assert done.returncode == 0, done.stdout + done.stderr
    assert {kind: figures[kind] for kind in ("lost", "doubled", "unreadable", "other")} == dict.fromkeys(
        ("lost", "doubled", "unreadable", "other"), 0
    )
    assert all(figures["faults"].values())
    assert len(figures["faults"]) == (12 if part == "faults" else 0)
    assert figures["kills"]["random"] == (10 if part == "random" else 0)


def test_the_points_come_from_an_unharmed_pass_and_are_many(quick):
    part, _done, figures, _page = quick
    assert bool(figures["crash_points"]) == (part in ("points", "files"))
    if part != "points":
        return
    assert len(figures["crash_points"]) >= 25
    assert {
        "lake.commit.prepared",
        "lake.swap.prepared",
        "lake.rollback.prepared",
        "lake.compact.landed",
        "lake.collect.deleted",
    } <= set(figures["crash_points"])
    assert figures["kills"]["first"] >= 10
    assert figures["kills"]["second"] >= 5


def test_kills_of_files_are_told_by_what_was_loaded(quick):
    part, _done, figures, written = quick
    assert bool(figures["files"]) == (part == "files")
    assert all(sum(counted.values()) >= 1 for counted in figures["files"].values())
    assert all(f"| {name} |" in written for name in figures["files"])


def test_the_page_says_what_the_figures_say(quick):
    _part, _done, figures, written = quick
    assert written == page(figures)
    assert all(point in written for point in figures["crash_points"])
