"""A copied or moved lake never reads or writes the folder it was made in."""

import shutil
from pathlib import Path

import pytest
from lake_loading import STREAM, open_lake, resume

from lakesmith.errors import CatalogBrokenError
from lakesmith.host import Host


def test_a_copied_lake_is_refused_and_the_original_stays_as_it_is(lake, clock, tmp_path):
    resume(lake.table(STREAM), 1)
    before = {path: path.stat().st_mtime_ns for path in Path(lake.root).rglob("*.parquet")}
    copy = shutil.copytree(Path(lake.root), tmp_path / "copy" / "lake")
    copied = open_lake(copy, Host(clock=clock))
    with pytest.raises(CatalogBrokenError, match="a copy, or was moved"):
        copied.table(STREAM).head()
    with pytest.raises(CatalogBrokenError, match="a copy, or was moved"):
        resume(copied.table(STREAM), 2)
    assert {path: path.stat().st_mtime_ns for path in Path(lake.root).rglob("*.parquet")} == before


def test_a_lake_reached_through_a_link_is_the_same_lake(lake, clock, tmp_path):
    resume(lake.table(STREAM), 1)
    (tmp_path / "linked").symlink_to(Path(lake.root), target_is_directory=True)
    linked = open_lake(tmp_path / "linked", Host(clock=clock))
    assert linked.table(STREAM).head() == lake.table(STREAM).head()
