"""What is read of the record, when, and how often: on a file and on a server, compared with what SQL says of it."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.monitor import tables
from lakesmith.monitor.exports.telemetry import TelemetrySource, sealed
from lakesmith.monitor.exports.telemetry.contents import CONTENTS
from lakesmith.monitor.exports.telemetry.options import TelemetryOptions, TelemetryStreamOptions
from lakesmith.monitor.writing import stamp

sys.path.insert(0, str(Path(__file__).parents[1]))

from recorded_runs import MINUTE, NOON, Record

PLAIN = {
    "lakesmith_runs": ("run", ("lease_until", "recorded", "pid", "boot_id"), {"trigger": "started_by"}),
    "lakesmith_steps": ("run_step", (), {}),
    "lakesmith_loads": ("table_load", ("load_id",), {}),
    "lakesmith_checks": ("check_result", (), {}),
    "lakesmith_drift": ("drift", ("drift_id",), {}),
    "lakesmith_errors": ("error_event", (), {}),
    "lakesmith_costs": ("cost", ("cost_id",), {}),
    "lakesmith_judgements": ("judgement", (), {}),
}
"""Where rows stand in the run store, which columns stay there, and which get another name."""


def spec(table, size=3):
    return StreamSpec(StreamId("telemetry", table), options=TelemetryStreamOptions(batch_rows=size))


def load(folder, table="lakesmith_runs", since=None, *, address=None, size=3):
    """Read what is new of a table; return its rows and where it is afterwards."""
    stream = spec(table, size)
    source = TelemetrySource(SourceContext("telemetry", TelemetryOptions(store=address), folder, (stream,)))
    rows = []
    for split in source.splits(stream, Ask(since)):
        for chunk in source.read(stream, split, Ask(since)):
            assert chunk.counted == chunk.rows.num_rows + len(chunk.rejects)
            assert not chunk.rejects
            assert chunk.rows.num_rows <= size
            assert chunk.rows.num_rows or since is None
            rows += chunk.rows.to_pylist()
            since = source.advance(since, split, chunk.after)
    return rows, since


def names(found):
    return [row["run_id"] for row in found[0]]


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.long)])
def record(request, tmp_path):
    address = request.getfixturevalue("shared_postgres").database() if request.param == "server" else None
    with Record(tmp_path, address) as opened:
        opened.address, opened.folder = address, tmp_path
        yield opened


@pytest.mark.few(4)
@pytest.mark.parametrize("table", PLAIN)
def test_a_table_holds_every_row_of_runs_that_are_over(record, table, monkeypatch):
    monkeypatch.setattr(sealed, "RUNS", 2)
    for number in range(1, 6):
        loads = {f"shop.t{at}": (number * at, at % 2) for at in range(number % 4)}
        record.run(number, loads, state="failed" if number == 3 else "succeeded")
    record.run(6, {"shop.open": (1, 1)}, state=None)
    with record.store.engine.begin() as connection:
        connection.execute(insert(tables.judgement), [judgement(number) for number in range(1, 9)])
        connection.execute(insert(tables.check_result), [check(f"run-{number}") for number in (1, 5)])
    found, position = load(record.folder, table, address=record.address)
    name, left_out, renamed = PLAIN[table]
    with record.store.engine.connect() as connection:
        raw = [dict(row) for row in connection.execute(text(f"select * from {name}")).mappings()]
    wanted = [
        {renamed.get(column, column): plain(column, value) for column, value in row.items() if column not in left_out}
        for row in raw
        if row["run_id"] != "run-6"
    ]
    assert wanted
    assert sorted(map(repr, map(in_order, found))) == sorted(map(repr, map(in_order, wanted)))
    assert load(record.folder, table, position, address=record.address) == ([], position)


@pytest.mark.parametrize("record", ["file", "server"], indirect=True)
def test_every_line_of_an_incident_comes_with_how_it_stands(record):
    incident = {column.name: None for column in tables.incident.columns} | dict.fromkeys(
        ("rule", "subject", "title", "severity", "owner", "note", "data_safe", "facts", "target"), ""
    )
    incident |= {"incident_id": "i1", "cause": "c", "state": "open", "opened_at": stamp(NOON)}
    incident |= {"last_seen_at": stamp(NOON), "occurrences": 1, "is_downstream_known": True}
    event = {"incident_id": "i1", "actor": "lakesmith", "detail": ""}
    with record.store.engine.begin() as connection:
        connection.execute(insert(tables.incident), [incident])
        connection.execute(insert(tables.incident_event), [{**event, "at": stamp(NOON), "kind": "opened"}])
    first, position = load(record.folder, "lakesmith_incidents", address=record.address)
    with record.store.engine.begin() as connection:
        connection.execute(tables.incident.update().values(state="resolved", resolution="config"))
        connection.execute(insert(tables.incident_event), [{**event, "at": stamp(NOON + MINUTE), "kind": "resolved"}])
    second, _ = load(record.folder, "lakesmith_incidents", position, address=record.address)
    told = ("kind", "happened_at", "state", "resolution", "incident_id")
    assert [[row[name] for name in told] for row in first] == [["opened", NOON, "open", None, "i1"]]
    assert [[row[name] for name in told] for row in second] == [["resolved", NOON + MINUTE, "resolved", "config", "i1"]]


def test_a_run_that_moved_nothing_but_telemetry_waits_for_the_next_that_did(record):
    record.run(1, {"shop.orders": (5, 0)})
    found, position = load(record.folder, address=record.address)
    assert [row["run_id"] for row in found] == ["run-1"]
    record.run(2, {"telemetry.lakesmith_runs": (1, 0), "shop.orders": (0, 0)})
    record.run(3, {}, state="nothing_new")
    with record.store.engine.begin() as connection:
        connection.execute(insert(tables.check_result), [check("run-2")])
    assert load(record.folder, "lakesmith_checks", address=record.address)[0] != []
    assert load(record.folder, "lakesmith_checks", position, address=record.address) == ([], position)
    assert load(record.folder, since=position, address=record.address) == ([], position)
    record.run(4, {"telemetry_of_others.x": (1, 0)})
    assert names(load(record.folder, since=position, address=record.address)) == ["run-2", "run-3", "run-4"]
    checks = load(record.folder, "lakesmith_checks", position, address=record.address)
    assert names(checks) == ["run-2"], "it comes along, though the run that was news had none"


def test_a_run_that_built_models_and_moved_nothing_is_news(record):
    record.run(1, {})
    assert names(load(record.folder, address=record.address)) == ["run-1"]


def test_a_run_that_failed_is_news_whatever_it_moved(record):
    record.run(1, {"telemetry.lakesmith_runs": (5, 0)}, state="failed")
    assert names(load(record.folder, address=record.address)) == ["run-1"]


def test_a_run_that_the_store_had_lost_is_read_once_it_is_back(record):
    for number in (1, 2, 3, 4, 5):
        record.run(number, {"shop.orders": (number, 0)})
    table = tables.seal
    with record.store.engine.begin() as connection:
        kept = dict(connection.execute(select(table).where(table.c.sequence == 3)).mappings().one())
        connection.execute(delete(table).where(table.c.sequence == 3))
    found, position = load(record.folder, size=2, address=record.address)
    assert [row["run_id"] for row in found] == ["run-1", "run-2", "run-4", "run-5"]
    with record.store.engine.begin() as connection:
        connection.execute(insert(table), [kept])
    record.run(6, {"shop.orders": (1, 0)})
    found, position = load(record.folder, since=position, address=record.address)
    assert [row["run_id"] for row in found] == ["run-3", "run-6"]
    assert load(record.folder, since=position, address=record.address) == ([], position)


@pytest.mark.few(4)
@pytest.mark.parametrize("when", range(1, 12))
def test_a_run_comes_back_once_wherever_reading_was_cut_off(tmp_path, monkeypatch, when):
    monkeypatch.setattr(sealed, "RUNS", 2)
    table = tables.seal
    with Record(tmp_path) as record:
        for number in range(1, 8):
            record.run(number, {"shop.a": (1, 0), "shop.b": (1, 0), "shop.c": (1, 0)})
        with record.store.engine.begin() as connection:
            lost = table.c.sequence.in_((2, 3))
            kept = [dict(row) for row in connection.execute(select(table).where(lost)).mappings()]
            connection.execute(delete(table).where(lost))
        found, position, parts = [], None, 0
        while (part := piece(tmp_path, "lakesmith_steps", position)) is not None:
            found += part[0]
            position, parts = part[1], parts + 1
            if parts == when:
                with record.store.engine.begin() as connection:
                    connection.execute(insert(table), kept)
        if parts < when:
            with record.store.engine.begin() as connection:
                connection.execute(insert(table), kept)
            found += load(tmp_path, "lakesmith_steps", position)[0]
    steps = [(row["run_id"], row["step"]) for row in found]
    wanted = [(f"run-{number}", f"load:shop.{name}") for number in range(1, 8) for name in "abc"]
    assert sorted(steps) == wanted


def piece(folder, table, since, size=2):
    """Read one chunk alone, as a load that is cut off after it; None where nothing is left."""
    stream = spec(table, size)
    source = TelemetrySource(SourceContext("telemetry", TelemetryOptions(), folder, (stream,)))
    for split in source.splits(stream, Ask(since)):
        for chunk in source.read(stream, split, Ask(since)):
            return chunk.rows.to_pylist(), source.advance(since, split, chunk.after)
    return None


def test_a_run_that_was_let_go_in_the_middle_of_it_holds_nothing_up(tmp_path):
    with Record(tmp_path) as record:
        for number in (1, 2):
            record.run(number, {"shop.a": (1, 0), "shop.b": (1, 0), "shop.c": (1, 0)})
        _, position = piece(tmp_path, "lakesmith_steps", None)
        with record.store.engine.begin() as connection:
            connection.execute(delete(tables.run_step).where(tables.run_step.c.run_id == "run-1"))
            connection.execute(delete(tables.seal).where(tables.seal.c.sequence == 1))
    assert names(load(tmp_path, "lakesmith_steps", position)) == ["run-2"] * 3


def test_runs_that_were_let_go_are_not_waited_for(record):
    for number in (1, 2, 3, 4, 5):
        record.run(number, {"shop.orders": (number, 0)})
        if number == 2:
            _, position = load(record.folder, address=record.address)
    with record.store.engine.begin() as connection:
        connection.execute(delete(tables.seal).where(tables.seal.c.sequence < 5))
    found, after = load(record.folder, since=position, address=record.address)
    assert [row["run_id"] for row in found] == ["run-5"]
    assert sealed.Mark.read(after).missing == ()


def test_a_record_that_began_anew_is_read_from_its_beginning(tmp_path):
    with Record(tmp_path) as record:
        for number in (1, 2, 3):
            record.run(number, {"shop.orders": (number, 0)})
    _, position = load(tmp_path)
    shutil.rmtree(tmp_path / ".lakesmith")
    assert load(tmp_path, since=position) == ([], position)
    with Record(tmp_path) as record:
        record.run(4, {"shop.orders": (1, 0)})
        record.run(5, {"shop.orders": (1, 0)})
    found, position = load(tmp_path, since=position)
    assert [row["run_id"] for row in found] == ["run-4", "run-5"]
    with Record(tmp_path) as record:
        record.run(6, {"shop.orders": (1, 0)})
    assert names(load(tmp_path, since=position)) == ["run-6"]


def test_an_older_copy_of_the_record_brings_nothing_again(tmp_path):
    with Record(tmp_path) as record:
        record.run(1, {"shop.orders": (1, 0)})
    shutil.copytree(tmp_path / ".lakesmith", tmp_path / "copy")
    with Record(tmp_path) as record:
        record.run(2, {"shop.orders": (1, 0)})
    _, position = load(tmp_path)
    witness = (tmp_path / ".lakesmith" / "runs.seal").read_bytes()
    shutil.rmtree(tmp_path / ".lakesmith")
    (tmp_path / "copy").rename(tmp_path / ".lakesmith")
    (tmp_path / ".lakesmith" / "runs.seal").write_bytes(witness)
    assert load(tmp_path, since=position) == ([], position)
    with Record(tmp_path) as record:
        record.run(3, {"shop.orders": (1, 0)})
    assert names(load(tmp_path, since=position)) == ["run-3"]


def test_judgements_that_began_anew_are_read_by_their_time(record):
    with record.store.engine.begin() as connection:
        connection.execute(insert(tables.judgement), [judgement(number) for number in (1, 2, 3)])
    _, position = load(record.folder, "lakesmith_judgements", address=record.address)
    with record.store.engine.begin() as connection:
        connection.execute(delete(tables.judgement))
        rows = [{**judgement(number), "judgement_id": number - 3} for number in (4, 5, 6, 7)]
        connection.execute(insert(tables.judgement), rows)
    found, after = load(record.folder, "lakesmith_judgements", position, address=record.address)
    assert [row["judgement_id"] for row in found] == [1, 2, 3, 4]
    assert load(record.folder, "lakesmith_judgements", after, address=record.address) == ([], after)


def test_a_number_that_is_given_out_and_not_there_yet_is_waited_for(tmp_path, shared_postgres):
    address = shared_postgres.database()
    with Record(tmp_path, address) as record:
        slow = record.store.engine.connect()
        slow.execute(insert(tables.judgement), [judgement(1)])
        with record.store.engine.begin() as connection:
            connection.execute(insert(tables.judgement), [judgement(2)])
        found = []
        reader = threading.Thread(target=lambda: found.extend(load(tmp_path, "lakesmith_judgements", address=address)))
        reader.start()
        waits = text("select count(*) from pg_locks where not granted and mode = 'ShareLock'")
        while reader.is_alive():
            with record.store.engine.connect() as connection:
                if connection.execute(waits).scalar():
                    break
            time.sleep(0.01)
        slow.commit()
        slow.close()
        reader.join()
    assert [row["subject"] for row in found[0]] == ["shop.orders1", "shop.orders2"]


def test_the_project_says_where_the_record_is(tmp_path, shared_postgres, monkeypatch):
    address = shared_postgres.database()
    monkeypatch.setenv("RUNS_URL", address)
    (tmp_path / "lakesmith.yml").write_text("version: 1\nmonitor: {store: '${env:RUNS_URL}'}\n")
    with Record(tmp_path, address) as record:
        record.run(1, {"shop.orders": (1, 0)})
    assert names(load(tmp_path)) == ["run-1"]


def test_a_table_that_is_none_is_named(tmp_path):
    with pytest.raises(ConnectorOptionsError, match=r"has no table `runs`.*\n.*\n?.*lakesmith_runs, "):
        load(tmp_path, "runs")


@pytest.mark.parametrize("table", CONTENTS)
def test_a_table_without_a_row_is_there_with_its_columns_once(tmp_path, table):
    (position,) = {load(tmp_path, table)[1] for _ in range(2)}
    assert load(tmp_path, table, position) == ([], position)
    with Record(tmp_path):
        assert load(tmp_path, table, position) == ([], position)


def test_a_time_that_is_none_goes_to_quarantine(tmp_path):
    with Record(tmp_path) as record:
        record.run(1, {"shop.orders": (1, 0)})
        record.run(2, {"shop.orders": (1, 0)})
        with record.store.engine.begin() as connection:
            connection.execute(tables.run.update().where(tables.run.c.run_id == "run-1").values(started_at="soon"))
    stream = spec("lakesmith_runs")
    source = TelemetrySource(SourceContext("telemetry", TelemetryOptions(), tmp_path, (stream,)))
    (split,) = source.splits(stream, Ask())
    (chunk,) = source.read(stream, split, Ask())
    assert chunk.counted == 2
    assert [row["run_id"] for row in chunk.rows.to_pylist()] == ["run-2"]
    assert [(one.reason, one.where, one.column) for one in chunk.rejects] == [
        ("not a time", "runs 1..2, run_id run-1", "started_at")
    ]


def test_every_table_that_can_be_named_is_there():
    assert set(CONTENTS) == {*PLAIN, "lakesmith_incidents"}
    allowed = TelemetryStreamOptions.model_json_schema()["properties"]["table"]["anyOf"][0]["enum"]
    assert set(allowed) == set(CONTENTS)


def judgement(number):
    return {
        "run_id": None,
        "target": "prod",
        "subject": f"shop.orders{number}",
        "column_name": "",
        "rule": "volume",
        "bucket": "",
        "judged_at": stamp(NOON + number * MINUTE),
        "verdict": "good",
        "trained_on": 3,
        "reason": "as ever",
    }


def check(run_id):
    plain = {"check_id": "unique", "relation": "m.t", "column_name": "", "status": "pass", "severity": "error"}
    return {**plain, "run_id": run_id, "finished_at": stamp(NOON), "failures": 0, "seconds": 0.5, "message": ""}


def plain(column, value):
    """Return a value of the store as the lake has it."""
    return datetime.fromisoformat(value) if column.endswith("_at") and value is not None else value


def in_order(row):
    """Return a row with its columns in one order, times in UTC, truth as SQLite has it."""
    plainer = {bool: int, datetime: datetime.isoformat}
    return {name: plainer.get(type(value), lambda same: same)(value) for name, value in sorted(row.items())}
