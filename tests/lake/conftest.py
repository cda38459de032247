import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lake_loading import STREAM, SetClock, open_lake

from lakesmith.host import Host
from lakesmith.lake import Lake, Table


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def lake(tmp_path: Path, clock: SetClock) -> Lake:
    return open_lake(tmp_path / "lake", Host(clock=clock))


@pytest.fixture
def table(lake: Lake) -> Table:
    return lake.table(STREAM)
