import shutil
from pathlib import Path

import pytest

import lakesmith

ACME = Path(__file__).parents[1] / "gallery" / "projects" / "acme"


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The small project after a run through the API."""
    root = tmp_path_factory.mktemp("api") / "acme"
    shutil.copytree(ACME, root)
    project = lakesmith.open(root)
    result = project.run()
    assert result.ok, result.outcome.errors
    return project, result
