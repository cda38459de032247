from datetime import UTC, datetime, timedelta

import pytest

from lakesmith.host import Host
from lakesmith.monitor.store import RunStore

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


class SetClock:
    """A clock that shows what it is told."""

    def __init__(self):
        self.time = NOON

    def now(self):
        return self.time

    def steady_s(self):
        return self.time.timestamp()

    def wait(self, **span):
        self.time += timedelta(**span)


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def host(clock):
    return Host(clock=clock)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "runs.db"


@pytest.fixture
def store(path, host):
    opened = RunStore.at(path, host=host)
    yield opened
    opened.close()
