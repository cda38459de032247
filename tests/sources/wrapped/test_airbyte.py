"""Connectors of Airbyte: the laws of a source, what they say of themselves, and one that miscounts."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

import lakesmith
from lakesmith.errors import RowLawError
from lakesmith.sources.wrapped import AirbyteSource
from lakesmith.sources.wrapped.airbyte import Ear
from lakesmith.sources.wrapped.messages import State
from lakesmith.testing import Records, SourceContract

CONNECTOR = [sys.executable, str(Path(__file__).with_name("connector.py"))]
FAKER = Path(os.environ.get("LAKESMITH_TEST_WRAPPED", "missing")) / "source-faker"


def record(number):
    return {"id": number, "price": number, "paid_at": "2026-01-01T10:00:00+02:00", "local": "2026-01-01T10:00:00"}


def seen(number):
    times = {"paid_at": datetime(2026, 1, 1, 8, tzinfo=UTC), "local": datetime(2026, 1, 1, 10)}  # noqa: DTZ001
    return {"id": number, "price": float(number), **times}


class ConnectorContract(SourceContract):
    source = AirbyteSource
    knows_news = False
    types = MappingProxyType({"id": "long", "price": "double", "paid_at": "timestamptz", "local": "timestamp"})
    stream_options = MappingProxyType({"stream": "orders"})

    def prepare(self, folder):
        self.options = {"command": CONNECTOR, "config": {"file": str(folder / "records.json")}}
        return self.write(folder, range(1, 30))

    def grow(self, folder):
        return self.write(folder, range(30, 40))

    def write(self, folder, numbers):
        file = folder / "records.json"
        held = json.loads(file.read_text()) if file.exists() else []
        file.write_text(json.dumps(held + [record(number) for number in numbers]))
        return Records([seen(number) for number in numbers])

    def empty(self, folder):
        self.prepare(folder)
        (folder / "records.json").write_text("[]")

    def spoil(self, folder):
        (folder / "records.json").unlink()


class TestDedupe(ConnectorContract):
    mode, key = "dedupe", ("id",)
    kills = ((2, "run.load.before_commit"),)


@pytest.mark.long
class TestDedupeEverywhere(TestDedupe):
    """The same, killed at every point that a source can tell apart."""

    kills = SourceContract.kills


@pytest.mark.long
class TestReplace(ConnectorContract):
    mode = "replace"


def opened(root, config, streams):
    source = {"type": "airbyte", "command": CONNECTOR, "config": config, "streams": streams}
    text = {"version": 1, "name": "acme", "sources": {"shop": source}}
    (root / "lakesmith.yml").write_text(json.dumps(text))
    return lakesmith.open(root)


def test_what_a_connector_needs_is_said_by_its_own_specification(tmp_path):
    (finding,) = (one for one in opened(tmp_path, {}, {"orders": {}}).check() if one.subject == "shop")
    assert finding.level == "error"
    assert finding.text == "the connector cannot connect: there is no file"
    assert finding.fix == "`config:` needs `file` (Where the records are)"


def test_a_connector_that_counts_otherwise_stops_the_load(tmp_path):
    (tmp_path / "records.json").write_text(json.dumps([record(1), record(2)]))
    project = opened(tmp_path, {"file": str(tmp_path / "records.json"), "hides": 1}, {"orders": {}})
    with pytest.raises(RowLawError, match="0 read, but 2 written"):
        raise project.run().outcome.errors[0][1]


def test_each_part_keeps_its_newest_state():
    def line(name, at):
        described = {"stream_descriptor": {"name": name}, "stream_state": {"at": at}}
        return json.dumps({"type": "STATE", "state": {"type": "STREAM", "stream": described}}).encode()

    ear = Ear([json.loads(line("old", 1))["state"], json.loads(line("orders", 1))["state"]])
    state = ear.understand(line("orders", 2))
    assert isinstance(state, State)
    assert [one["stream"]["stream_state"]["at"] for one in state.value] == [1, 2]
    assert state.counted is None


@pytest.mark.skipif(not FAKER.exists(), reason="`make wrapped` installs it")
def test_a_connector_of_the_real_kind(tmp_path):
    source = {"type": "airbyte", "command": [str(FAKER)], "config": {"count": 500, "seed": 7, "parallelism": 1}}
    streams = {"users": {"mode": "dedupe", "key": "id"}, "products": {}}
    text = {"version": 1, "name": "acme", "sources": {"faker": {**source, "streams": streams}}}
    (tmp_path / "lakesmith.yml").write_text(json.dumps(text))
    project = lakesmith.open(tmp_path)
    assert {finding.level for finding in project.check() if finding.subject.startswith("faker.")} == {"ok"}
    loads = {load.stream.name: load.counts for load in project.run().outcome.loads}
    assert (loads["users"].written, loads["products"].written) == (500, 100)
    assert all(counts.proven for counts in loads.values())
    rows = project._shop.lake.open_catalog().load_table(("faker", "users")).scan().to_arrow().to_pylist()
    assert sorted(row["id"] for row in rows) == list(range(1, 501))
