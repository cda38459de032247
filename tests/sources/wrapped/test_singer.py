"""Singer taps: the laws of a source, the messages value by value, and what a tap can do wrong."""

import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

import lakesmith
from lakesmith.sources.wrapped import SingerSource
from lakesmith.sources.wrapped.singer import selected
from lakesmith.testing import Records, SourceContract

TAP = [sys.executable, str(Path(__file__).with_name("tap.py"))]
DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "singer"
AT = "2026-01-01T10:00:00Z"


def record(number):
    return {"id": number, "name": f"Ann {number}", "price": number, "paid_at": AT, "due": "2026-02-03"}


def seen(number):
    return {
        **record(number),
        "price": float(number),
        "paid_at": datetime(2026, 1, 1, 10, tzinfo=UTC),
        "due": date(2026, 2, 3),
    }


class TapContract(SourceContract):
    source = SingerSource
    secret = "pass-word"
    is_counted = False
    knows_news = False
    types = MappingProxyType({"id": "long", "price": "double", "paid_at": "timestamptz", "due": "date"})

    def prepare(self, folder):
        self.options = {"tap": TAP, "config": {"file": str(folder / "records.json"), "token": self.secret}}
        return self.write(folder, range(1, 30))

    def grow(self, folder):
        return self.write(folder, range(30, 40))

    def write(self, folder, numbers):
        file = folder / "records.json"
        held = json.loads(file.read_text()) if file.exists() else []
        file.write_text(json.dumps(held + [record(number) for number in numbers]))
        return Records([seen(number) for number in numbers])

    def spoil(self, folder):
        (folder / "records.json").unlink()


class TestDedupe(TapContract):
    mode, key = "dedupe", ("id",)
    kills = ((2, "run.load.before_commit"),)
    stream_options = MappingProxyType({"stream": "orders"})


@pytest.mark.long
class TestDedupeEverywhere(TestDedupe):
    """The same, killed at every point that a source can tell apart."""

    kills = SourceContract.kills


@pytest.mark.long
class TestReplace(TapContract):
    mode = "replace"
    stream_options = MappingProxyType({"stream": "orders"})


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


class Project:
    """A project with one source."""

    def __init__(self, root):
        self.root = root

    def write(self, source, streams):
        text = {"version": 1, "name": "acme", "sources": {"shop": {**source, "streams": streams}}}
        (self.root / "lakesmith.yml").write_text(json.dumps(text))  # which is YAML
        return lakesmith.open(self.root)

    def tap(self, streams=None, **config):
        file = self.root / "records.json"
        file.write_text(json.dumps([record(1), record(2)]))
        source = {"type": "singer", "tap": TAP, "config": {"file": str(file), **config}}
        return self.write(source, streams or {"orders": {"mode": "dedupe", "key": "id"}})

    def lake(self):
        return lakesmith.open(self.root)._shop.lake.open_catalog()

    def rows(self, stream):
        return [
            {name: value for name, value in row.items() if not name.startswith("_ls_")}
            for row in self.lake().load_table(("shop", stream)).scan().to_arrow().to_pylist()
        ]


@pytest.mark.long
def test_the_recorded_streams_arrive_complete_and_keyed(project):
    files = sorted(DATA.glob("*.singer"))
    if not files:
        pytest.skip("needs LAKESMITH_TEST_DATA")
    assert len(files) == 5
    streams_seen = 0
    for file in files:
        held, keys = {}, {}
        for line in map(json.loads, file.read_text().splitlines()):
            if line["type"] == "SCHEMA":
                keys[line["stream"]] = line["key_properties"]
            elif line["type"] == "RECORD":
                held.setdefault(line["stream"], []).append(line["record"])
        root = project.root / file.stem
        root.mkdir()
        (root / file.name).write_bytes(file.read_bytes())
        names = {name: f"s{number}" for number, name in enumerate(held)}
        streams = {
            names[name]: {
                "stream": name,
                **({"mode": "dedupe", "key": keys[name]} if keys[name] else {"mode": "append"}),
            }
            for name in held
        }
        here = Project(root)
        opened = here.write({"type": "singer", "file": file.name}, streams)
        assert [finding.level for finding in opened.check() if finding.subject.startswith("shop.")] == ["ok"] * len(
            held
        )
        assert opened.run().state == "succeeded"
        for name, records in held.items():
            folded = [{_fold(key): value for key, value in one.items()} for one in records]
            columns = list(dict.fromkeys(key for one in folded for key in one))
            assert here.rows(names[name]) == [{key: one.get(key) for key in columns} for one in folded]
            streams_seen += 1
        again = lakesmith.open(root).run()
        assert again.outcome.loads == []
    assert streams_seen == 7


def _fold(name):
    return {"Id": "id", "clientName": "client_name"}.get(name, name)


def test_a_line_that_is_no_message_waits_in_quarantine(project):
    [load] = project.tap(junk=True).run().outcome.loads
    assert (load.counts.written, load.counts.quarantined) == (2, 1)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("fault", "said"), [("exit", "ended with exit code 1: the server refused"), ("kill", "was killed by signal 9")]
)
def test_a_tap_that_fails_loads_nothing_and_is_told(project, fault, said):
    [(_, error)] = project.tap(fault=fault, reply="hello").run().outcome.errors
    assert said in str(error)
    assert project.tap().run().state == "succeeded"
    assert project.rows("orders") == [seen(1), seen(2)]


def test_a_stream_that_the_tap_has_not_is_named(project):
    [(_, error)] = project.tap({"ordres": {"stream": "ordres"}}).run().outcome.errors
    assert "has no stream `ordres`; it has: orders, others" in str(error)


def test_a_program_that_is_not_there_is_named(project):
    [(_, error)] = project.write({"type": "singer", "tap": ["no-such-tap"]}, {"orders": {}}).run().outcome.errors
    assert "`no-such-tap` cannot be started" in str(error)


def test_a_silent_tap_is_ended(project):
    file = project.root / "records.json"
    file.write_text("[]")
    config = {"file": str(file), "fault": "silence"}
    opened = project.write({"type": "singer", "tap": TAP, "config": config, "silence_s": 1}, {"orders": {}})
    [(_, error)] = opened.run().outcome.errors
    assert "said nothing for 1 s" in str(error)


def test_a_record_before_its_schema_is_refused(project):
    (project.root / "m.singer").write_text('{"type": "RECORD", "stream": "orders", "record": {"id": 1}}\n')
    [(_, error)] = project.write({"type": "singer", "file": "m.singer"}, {"orders": {}}).run().outcome.errors
    assert "before it has said what records of it look like" in str(error)


def test_numbers_keep_every_digit(project):
    lines = [
        '{"type": "SCHEMA", "stream": "orders", "schema": {"properties": {"n": {"type": "integer"}}}}',
        '{"type": "RECORD", "stream": "orders", "record": {"n": 9007199254740993, "d": 12345678901234567890.25}}',
    ]
    (project.root / "m.singer").write_text("\n".join(lines))
    project.write({"type": "singer", "file": "m.singer"}, {"orders": {}}).run()
    assert project.rows("orders") == [{"n": 9007199254740993, "d": "12345678901234567890.25"}]


def test_one_stream_alone_is_selected():
    available = {"breadcrumb": ["properties", "a"], "metadata": {"inclusion": "available"}}
    entries = [{"stream": name, "schema": {}, "metadata": [dict(available)]} for name in ("one", "two")]
    made = selected({"streams": entries}, entries[1], {"replication-method": "FULL_TABLE"})
    one, two = made["streams"]
    assert one["metadata"][1] == {"breadcrumb": [], "metadata": {"selected": False}}
    assert two["metadata"][1]["metadata"] == {"selected": True, "replication-method": "FULL_TABLE"}
    assert two["metadata"][0]["metadata"]["selected"] is True
    assert (one["schema"]["selected"], two["schema"]["selected"]) == (False, True)
    assert entries[0]["schema"] == {}
