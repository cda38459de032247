import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3] / "servers")]

from lake_servers import serve_postgres
from outbox import Outbox


@pytest.fixture(scope="session")
def postgres():
    with serve_postgres() as server:
        yield server


@pytest.fixture
def outbox(postgres, tmp_path):
    """A database of its own, and data sets to send there."""
    return Outbox(postgres.database(), tmp_path)
