import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lake")]

from lake_loading import SetClock
from lake_servers import KEYS, serve_objects

from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.places import LakeAddress, Storage


@pytest.fixture(scope="session")
def objects(tmp_path_factory):
    with serve_objects(tmp_path_factory.mktemp("objects")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(shared_postgres):
    return shared_postgres


@pytest.fixture(scope="session")
def storage(objects):
    return Storage(objects.endpoint, "us-east-1", None, False, KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def bucket_lake(objects, postgres, storage, clock):
    """A lake in a bucket of its own, with a database of its own."""
    address = LakeAddress(f"s3://{objects.bucket()}/bronze", postgres.database(), storage)
    return Lake(address, Host(clock=clock))
