"""`move_lake`: what it can be told, and what it refuses."""

import shutil
from pathlib import Path

import pytest

import lakesmith
from lakesmith.errors import LakeMovedError, RunInProgressError, UsageError
from lakesmith.host import locks

ACME = Path(__file__).parents[1] / "gallery" / "projects" / "acme"


@pytest.fixture
def root(tmp_path):
    return loaded(tmp_path / "acme")


@pytest.fixture(scope="module")
def shared_root(tmp_path_factory):
    """The same, for those that change nothing."""
    return loaded(tmp_path_factory.mktemp("shared") / "acme")


def loaded(folder):
    """Make a project that has loaded once; without models."""
    shutil.copytree(ACME, folder)
    (folder / "dbt_project.yml").unlink()
    (folder / "lakesmith.yml").open("a").write("targets: {far: {lake: far}}\n")
    assert lakesmith.open(folder).run().ok
    return folder


def test_a_lake_moves_to_another_target(root):
    moved = lakesmith.open(root).move_lake("far")
    assert (moved.tables, moved.rows) == (2, 7)
    with pytest.raises(LakeMovedError, match=r"was moved to .*/far"):
        list(lakesmith.open(root).quarantine())
    far = lakesmith.open(root, target="far")
    assert far.run().state == "nothing_new"
    assert [version.kind for version in far.versions("shop.orders")] == ["move", "load"]


def test_a_copied_project_settles_its_lake(root, tmp_path):
    copied = Path(shutil.copytree(root, tmp_path / "copied"))
    moved = lakesmith.open(copied).move_lake(here=True)
    assert (moved.tables, moved.rows, moved.copied) == (2, 7, 0)
    assert lakesmith.open(copied).run().state == "nothing_new"
    assert lakesmith.open(root).run().state == "nothing_new"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "needs a place"),
        ({"to": "far", "here": True}, "needs a place"),
        ({"to": "far", "catalog": "sqlite:///c.db"}, "has a catalog of its own"),
        ({"to": "s3://bucket"}, "needs a catalog"),
        ({"to": "ftp://bucket"}, "--to.*should be a folder"),
        ({"to": "s3://bucket", "catalog": "mysql://x"}, "--catalog.*should be the URL of a catalog"),
        ({"to": "lake/inner"}, "into itself"),
        ({"to": "lake/../models/../lake/inner"}, "into itself"),
        ({"to": "data"}, "not empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(shared_root, told, said):
    with pytest.raises(UsageError, match=said):
        lakesmith.open(shared_root).move_lake(**told)


def test_nothing_moves_while_a_run_goes_on(shared_root):
    project = lakesmith.open(shared_root)
    with (
        locks.hold(project._shop.paths.lock("local"), {"command": "test", "pid": 1, "since": "now"}),
        pytest.raises(RunInProgressError, match="going on"),
    ):
        project.move_lake("far")


def test_doctor_says_once_that_a_lake_was_copied(tmp_path):
    (tmp_path / "acme/data").mkdir(parents=True)
    (tmp_path / "acme/lakesmith.yml").write_text(
        "version: 1\nname: acme\nsources:\n  app: {type: files, root: data, streams: {orders: {files: '*.csv'}}}\n"
    )
    (tmp_path / "acme/data/a.csv").write_text("id\n1\n")
    assert lakesmith.open(tmp_path / "acme").run().ok
    shutil.copytree(tmp_path / "acme", tmp_path / "copy")
    found = lakesmith.open(tmp_path / "copy").doctor()
    assert [finding.subject for finding in found if finding.level == "error"] == ["app.orders"]
