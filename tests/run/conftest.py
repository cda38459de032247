import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run_shelf import STREAM

from lakesmith.host import Host
from lakesmith.lake import Lake


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", Host())


@pytest.fixture
def table(lake):
    return lake.table(STREAM)
