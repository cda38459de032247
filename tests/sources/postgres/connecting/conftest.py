import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]


@pytest.fixture
def home(postgres_server):
    """The address of a database that nothing is put into."""
    return postgres_server.url()


@pytest.fixture
def program():
    """Return the path of a program that not every machine has."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if found is None:
            pytest.skip(f"{name} is not installed")
        return found

    return find
