"""A target that reads another's lake knows what it has read, and not what was loaded meanwhile."""

import shutil
from pathlib import Path

import pytest

import lakesmith
from lakesmith.model.events import StepFinished

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(120)]
PROJECT = """
version: 1
name: shop
default_target: prod
sources: {shop: {type: files, root: data, streams: {orders: {files: "*.csv"}}}}
targets: {prod: {engine: duckdb}, dev: {engine: duckdb, bronze: prod, ingest: false}}
"""


class LoadMeanwhile:
    """Loads into the lake as soon as it was attached."""

    def __init__(self, root):
        self.root = root

    def record(self, event):
        if isinstance(event, StepFinished) and event.step == "attach":
            (self.root / "data/2.csv").write_text("id\n2\n")
            lakesmith.open(self.root).run(select=["source:shop.orders"])


def test_rows_loaded_while_another_target_builds_are_due_there(tmp_path):
    root = tmp_path / "shop"
    shutil.copytree(Path(lakesmith.__file__).parent / "project/templates/empty", root)
    (root / "lakesmith.yml").write_text(PROJECT)
    (root / "data").mkdir()
    (root / "data/1.csv").write_text("id\n1\n")
    lakesmith.open(root).run()
    lakesmith.open(root).scaffold()

    lakesmith.open(root, target="dev").run(recorders=[LoadMeanwhile(root)])
    assert len(lakesmith.open(root, target="dev").table("stg_shop__orders")) == 1
    assert [step.reason for step in lakesmith.open(root, target="dev").plan() if step.name == "build"] == [
        "bronze has moved since the last build"
    ]
    lakesmith.open(root, target="dev").run()

    assert len(lakesmith.open(root, target="dev").table("stg_shop__orders")) == 2
    assert lakesmith.open(root, target="dev").plan() == ()
