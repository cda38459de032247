"""The state of a target as metrics: base units, no run's id in a label, unknown a state of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from lakesmith.about import __version__
from lakesmith.monitor import tables
from lakesmith.monitor.asking import ids_of_newest
from lakesmith.monitor.exports.exposition import Family
from lakesmith.monitor.exports.totals import Totals
from lakesmith.monitor.judging.health import health_of, worst
from lakesmith.monitor.judging.reading import Facts
from lakesmith.monitor.judging.values import BAD, GOOD, LEARNING, UNKNOWN, WARN, Judgement
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp

PREFIX = "lakesmith_"
EVERYTHING = "everything"
STATES = (GOOD, WARN, BAD, LEARNING, UNKNOWN)
RECENT = timedelta(days=400)

Samples = tuple[tuple[Mapping[str, str], float], ...]


def families(
    store: RunStore,
    target: str,
    subjects: Sequence[str],
    totals: Totals,
    now: datetime,
    *,
    healths: Mapping[str, str] | None = None,
) -> list[Family]:
    """Return the metrics of a target.

    Args:
        store: The record of runs.
        target: The name of the target.
        subjects: The tables that the project has (streams and marts): each has a health, if only `unknown`.
        totals: What was added up before; brought up to date.
        now: The time; aware.
        healths: What is thought of each table, by somebody who knows it already; None: it is read from the record.
    """
    with store.engine.connect() as connection:
        totals.catch_up(connection, target)
        found = [
            _gauge("build_info", "The version of Lakesmith.", [({"version": __version__}, 1.0)]),
            *_runs(connection, target, now),
            *_loads(connection, target, now),
            *_sums(totals),
            *_findings(connection, target),
            *_workings(connection),
        ]
    return [*found, *_health(_healths(store, target, subjects, now) if healths is None else healths)]


def _gauge(name: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Family:
    return Family(PREFIX + name, "gauge", about, tuple(samples))


def _counter(name: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Family:
    return Family(PREFIX + name, "counter", about, tuple(samples))


def _rows(connection: Connection, query: Select[Any]) -> list[Any]:
    return list(connection.execute(query))


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _runs(connection: Connection, target: str, now: datetime) -> Iterator[Family]:
    run = tables.run
    pipeline = func.coalesce(func.nullif(run.c.pipeline, ""), EVERYTHING)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    active: dict[str, int] = defaultdict(int)
    is_past = run.c.lease_until < stamp(now)  # once: PostgreSQL takes two that are alike for two
    by_state = select(pipeline, run.c.state, is_past, func.count())
    by_state = by_state.where(run.c.target == target).group_by(pipeline, run.c.state, is_past)
    for name, state, is_over, count in _rows(connection, by_state):
        if state == "running" and not is_over:
            active[name] += count
        else:
            counts[name, "lost" if state == "running" else state] += count
    yield _counter(
        "runs_total", "Runs that ended, by how.", [({"pipeline": n, "result": s}, c) for (n, s), c in counts.items()]
    )
    yield _gauge("run_active", "Runs under way.", [({"pipeline": name}, count) for name, count in active.items()])
    for title, about, states in (
        (
            "last_success_timestamp_seconds",
            "The end of the newest run that went well.",
            ("succeeded", "warned", "nothing_new"),
        ),
        ("last_completion_timestamp_seconds", "The end of the newest run, however it went.", ()),
    ):
        query = select(pipeline, func.max(run.c.finished_at)).where(
            run.c.target == target, run.c.finished_at.is_not(None)
        )
        query = query.where(run.c.state.in_(states)) if states else query
        rows = _rows(connection, query.group_by(pipeline))
        yield _gauge(title, about, [({"pipeline": name}, _epoch(at)) for name, at in rows])
    newest = select(pipeline.label("pipeline"), func.max(run.c.started_at).label("at")).where(
        run.c.target == target, run.c.finished_at.is_not(None)
    )
    last = newest.group_by(pipeline).subquery()
    query = select(last.c.pipeline, run.c.state, run.c.started_at, run.c.finished_at).join(
        run, run.c.started_at == last.c.at
    )
    rows = _rows(connection, query.where(run.c.target == target))
    yield _gauge(
        "last_run_duration_seconds",
        "How long the newest run that ended took.",
        [({"pipeline": name, "result": state}, _epoch(end) - _epoch(start)) for name, state, start, end in rows],
    )


def _loads(connection: Connection, target: str, now: datetime) -> Iterator[Family]:
    load, mine, run = tables.table_load.alias("load"), tables.table_load.alias("mine"), tables.run
    well = mine.c.state != "failed", mine.c.finished_at >= stamp(now - RECENT)
    of_target = exists().where(run.c.run_id == mine.c.run_id, run.c.target == target)
    wanted = (load.c.stream, load.c.finished_at, load.c.rows_after, load.c.phases_s)
    newest = select(*wanted).where(load.c.load_id.in_(ids_of_newest(mine, *well, of_target)))
    rows = _rows(connection, newest.order_by(load.c.stream))
    at = [({"table": stream}, _epoch(finished)) for stream, finished, _, _ in rows]
    yield _gauge("table_last_success_timestamp_seconds", "The end of the newest good load of a table.", at)
    lag = [({"table": stream}, now.timestamp() - _epoch(finished)) for stream, finished, _, _ in rows]
    yield _gauge("freshness_lag_seconds", "The age of the newest good load of a table.", lag)
    counted = [({"table": stream}, float(count)) for stream, _, count, _ in rows if count is not None]
    yield _gauge("table_rows", "Rows of a table in bronze after its newest good load.", counted)
    phases = [
        ({"table": stream, "stage": phase}, float(seconds))
        for stream, _, _, told in rows
        for phase, seconds in json.loads(told).items()
    ]
    yield _gauge("stage_duration_seconds", "Seconds of each stage of a table's newest good load.", phases)


def _sums(totals: Totals) -> Iterator[Family]:
    rows: Samples = tuple(({"table": stream, "op": op}, float(count)) for (stream, op), count in totals.rows.items())
    yield _counter("rows_total", "Rows by what became of them: read = written + quarantined + filtered.", rows)
    rejected = [({"table": stream, "reason": why}, float(count)) for (stream, why), count in totals.rejected.items()]
    yield _counter("rows_rejected_total", "Records that went to quarantine, by reason.", rejected)
    sizes = [({"table": stream, "direction": way}, float(count)) for (stream, way), count in totals.sizes.items()]
    yield _counter("bytes_total", "Bytes read from sources and written to the lake.", sizes)
    asked = [({"source": name, "outcome": how}, float(count)) for (name, how), count in totals.requests.items()]
    yield _counter("source_requests_total", "Requests to sources.", asked)
    waited = [({"source": name}, seconds) for name, seconds in totals.throttled_s.items()]
    yield _counter("source_throttled_seconds_total", "Seconds that sources made us wait.", waited)


def _findings(connection: Connection, target: str) -> Iterator[Family]:
    check, run, incident = tables.check_result, tables.run, tables.incident
    newest = (
        select(check.c.check_id, func.max(check.c.finished_at).label("at"))
        .select_from(check.join(run, run.c.run_id == check.c.run_id))
        .where(run.c.target == target)
        .group_by(check.c.check_id)
        .subquery()
    )
    same = (check.c.check_id == newest.c.check_id) & (check.c.finished_at == newest.c.at)
    query = select(check.c.severity, check.c.status, func.count()).select_from(check.join(newest, same))
    rows = _rows(connection, query.group_by(check.c.severity, check.c.status))
    tests = [({"severity": severity, "status": status}, float(count)) for severity, status, count in rows]
    yield _gauge("checks", "Tests by their newest result.", tests)
    opened = select(incident.c.severity, incident.c.state, func.count()).where(
        incident.c.target == target, incident.c.state != "resolved"
    )
    known = {(severity, state): 0.0 for severity in ("error", "warn") for state in ("open", "acknowledged")}
    for severity, state, count in _rows(connection, opened.group_by(incident.c.severity, incident.c.state)):
        known[severity, state] = float(count)
    samples = [({"severity": severity, "state": state}, count) for (severity, state), count in known.items()]
    yield _gauge("open_incidents", "Incidents that are not resolved.", samples)


def _workings(connection: Connection) -> Iterator[Family]:
    beat, delivery = tables.heartbeat, tables.delivery
    rows = _rows(connection, select(beat.c.component, beat.c.seen_at))
    alive = [({"component": name}, _epoch(at)) for name, at in rows]
    yield _gauge("worker_heartbeat_timestamp_seconds", "When a part of the platform said last that it is alive.", alive)
    waiting = connection.execute(select(func.count()).where(delivery.c.state == "queued")).scalar() or 0
    yield _gauge("messages_waiting", "Messages that are to be sent.", [({}, float(waiting))])


def _healths(store: RunStore, target: str, subjects: Sequence[str], now: datetime) -> dict[str, str]:
    by_subject: dict[str, list[Judgement]] = defaultdict(list)
    for one in Facts(store, target, now=now).judged().values():
        by_subject[one.subject].append(one)
    names = {*subjects, *(name for name in by_subject if not name.endswith("*"))}
    return {name: health_of(name, by_subject.get(name, ())).verdict for name in names}


def _health(healths: Mapping[str, str]) -> Iterator[Family]:
    samples: list[tuple[Mapping[str, str], float]] = [
        ({"table": name, "state": state}, float(healths[name] == state)) for name in sorted(healths) for state in STATES
    ]
    yield _gauge("table_health", "What is thought of a table: one of its states is 1.", samples)
    overall = worst(healths.values())
    yield _gauge(
        "health", "The worst of all tables: one state is 1.", [({"state": s}, float(s == overall)) for s in STATES]
    )
