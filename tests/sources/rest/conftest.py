from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]
from rest_api import Shelf, records
from rest_loading import Desk

from lakesmith.simulate.apis.serving import ApiServer


@pytest.fixture
def shelf():
    return Shelf(records(11))


@pytest.fixture
def server(shelf):
    with ApiServer(shelf) as server:
        yield server


@pytest.fixture
def desk(server, tmp_path):
    """Make a source over the API with one stream."""
    made: list[Desk] = []

    def make(stream, **more) -> Desk:
        made.append(Desk(server.url, tmp_path, stream, **more))
        return made[-1]

    yield make
    for one in made:
        one.source.close()
