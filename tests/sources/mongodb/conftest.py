"""One server for all tests of a process, and in it a database of its own for each of them."""

import sys
from pathlib import Path

import pymongo
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "servers")]

from mongo_server import serve_mongo
from reading_collections import CREW, Reading, opened


@pytest.fixture(scope="session", autouse=True)
def _crew():
    yield
    CREW.close()


@pytest.fixture(scope="session")
def mongo(tmp_path_factory):
    with serve_mongo(tmp_path_factory.mktemp("mongo") / "server") as server:
        yield server


@pytest.fixture
def url(mongo):
    """The address of an empty database."""
    return mongo.url(mongo.database())


@pytest.fixture
def db(url):
    """That database, as the driver has it."""
    with pymongo.MongoClient(url, tz_aware=True) as client:
        yield client.get_default_database()
        client.drop_database(client.get_default_database().name)


@pytest.fixture
def reads(url):
    """Make a `Reading`: loads of the collection `t`, one after the other."""
    made = []

    def make(**options):
        """Open a source with these options."""
        with_ = opened(url, **options)
        made.append(with_)
        return Reading(*with_.__enter__())

    yield make
    for with_ in made:
        with_.__exit__(None, None, None)
