import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3] / "servers")]

from outbox import Outbox


@pytest.fixture(scope="session")
def postgres(shared_postgres):
    return shared_postgres


@pytest.fixture
def outbox(postgres, tmp_path):
    """A database of its own, and data sets to send there."""
    return Outbox(postgres.database(), tmp_path)
