"""The agency's projects in a bucket: the same rows as from a folder, and nothing about it stands in the project but its address."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.simulate.agency import Agency, deliver_agency

pytestmark = pytest.mark.long
SCALE = 0.05


def call(folder, environ, *words):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_projects_come_from_a_bucket(tmp_path, objects):
    store = f"s3://{objects.bucket()}/agency"
    environ = {**os.environ, **objects.environ(), "AGENCY_STORE": store}
    call(tmp_path, environ, "lakesmith", "init", "acme", "--template", "agency")
    folder = tmp_path / "acme"
    (folder / "dbt_project.yml").unlink()  # bronze is what this is about
    simulate = ("lakesmith.simulate", ".", "--template", "agency", "--scale", str(SCALE), "--store", store)
    for days in (1, 2):
        call(folder, environ, *simulate, "--days", str(days))
        assert "store.projects" in call(folder, environ, "lakesmith", "run", "--select", "source:store")
    assert "Nothing new since" in call(folder, environ, "lakesmith", "run", "--select", "source:store")
    for day in (1, 2):
        deliver_agency(Agency(scale=SCALE), tmp_path / "near", day)
    wanted = [
        row
        for path in sorted(Path(tmp_path / "near/data/store").rglob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]
    found = (
        Lake(folder / "lake", Host())
        .open_catalog()
        .load_table(("store", "projects"))
        .scan()
        .to_arrow()
        .sort_by("_ls_seq")
    )
    assert not list(folder.glob("data/store/**/*.parquet"))
    assert found.select(list(wanted[0])).to_pylist() == wanted
