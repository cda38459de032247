"""What changed since it last went well: of the project, its libraries, its machine, and the shape and size of the source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from lakesmith.monitor import tables
from lakesmith.monitor.asking import rows_of
from lakesmith.monitor.incidents.gathering import GOOD_ENDS, WENT_WELL
from lakesmith.monitor.incidents.values import Incident

SHORT = 8
DRIFTS_SHOWN = 12
VOLUME_SHARE = 0.2
"""A load with so much more or less than the last good one has changed its size."""

NOTHING = "nothing of the project, its libraries, its machine or the shape of the source"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was. `kind`: code, config, version, libraries, host, schema or volume."""

    kind: str
    before: str
    after: str
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The first bad run beside the last good one; None where there is none. `changes` None: there was nothing to compare."""

    bad: Mapping[str, Any] | None
    good: Mapping[str, Any] | None
    changes: tuple[Change, ...] | None


def compare(connection: Connection, incident: Incident) -> Compared:
    """Return what changed between the last good run of an incident's subjects and the first bad one."""
    streams = [one.subject for one in incident.parts if "*" not in one.subject]
    bad = _bad_run(connection, incident)
    if bad is None:
        return Compared(None, None, None)
    steps = incident.facts.get("steps") or [f"load:{stream}" for stream in streams]
    good = _last_good(connection, incident.target, str(bad["run_id"]), steps)
    if good is None:
        return Compared(bad, None, None)
    changes = [*runs_differ(good, bad), *_shapes(connection, streams, good, bad), *_sizes(connection, streams, bad)]
    return Compared(bad, good, tuple(changes))


def runs_differ(good: Mapping[str, Any], bad: Mapping[str, Any]) -> Iterable[Change]:
    """Yield what is not the same about two runs. Pure."""
    code = [str(run["code_version"] or "")[:SHORT] for run in (good, bad)]
    dirty = " (with changes that are in no commit)" if bad["code_dirty"] else ""
    if all(code) and (code[0] != code[1] or bool(bad["code_dirty"]) != bool(good["code_dirty"])):
        yield Change("code", code[0], code[1], f"the project's code: {code[0]} → {code[1]}{dirty}")
    configs = [str(run["config_hash"])[:SHORT] for run in (good, bad)]
    if configs[0] != configs[1]:
        yield Change("config", configs[0], configs[1], "lakesmith.yml or a file of sources/")
    if good["version"] != bad["version"]:
        yield Change("version", good["version"], bad["version"], f"Lakesmith: {good['version']} → {bad['version']}")
    before, after = (json.loads(run["versions"] or "{}") for run in (good, bad))
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Change("libraries", before[name], after[name], f"{name}: {before[name]} → {after[name]}")
    if good["host"] != bad["host"]:
        yield Change("host", good["host"], bad["host"], f"the machine: {good['host']} → {bad['host']}")


def _shapes(
    connection: Connection, streams: Sequence[str], good: Mapping[str, Any], bad: Mapping[str, Any]
) -> Iterable[Change]:
    """Yield the changes of shape that came after the good run."""
    drift = tables.drift
    since = and_(drift.c.run_id > good["run_id"], drift.c.run_id <= bad["run_id"])
    query = select(drift).where(drift.c.stream.in_(streams), since).order_by(drift.c.drift_id).limit(DRIFTS_SHOWN)
    for row in rows_of(connection, query):
        types = " → ".join(filter(None, (row["before"], row["after"])))
        text = f"{row['stream']}.{row['column_name']}: {row['kind'].replace('_', ' ')}{f' ({types})' if types else ''}"
        yield Change("schema", row["before"], row["after"], text)


def _sizes(connection: Connection, streams: Sequence[str], bad: Mapping[str, Any]) -> Iterable[Change]:
    """Yield streams whose load in the bad run has another size than the one before."""
    load = tables.table_load
    for stream in streams[:DRIFTS_SHOWN]:
        mine = (load.c.stream == stream, load.c.run_id <= bad["run_id"], load.c.state == "succeeded")
        rows = rows_of(connection, select(load).where(*mine).order_by(load.c.load_id.desc()).limit(2))
        if len(rows) != 2 or rows[0]["run_id"] != bad["run_id"]:  # noqa: PLR2004 - this load and the one before
            continue
        now, before = (int(row["rows_read"]) for row in rows)
        if abs(now - before) > VOLUME_SHARE * max(before, 1):
            yield Change("volume", f"{before}", f"{now}", f"{stream}: {before:,} → {now:,} rows read")


def _bad_run(connection: Connection, incident: Incident) -> Mapping[str, Any] | None:
    run = tables.run
    if incident.first_run_id:
        found = rows_of(connection, select(run).where(run.c.run_id == incident.first_run_id))
        return found[0] if found else None
    query = select(run).where(run.c.target == incident.target).order_by(run.c.started_at.desc()).limit(1)
    return next(iter(rows_of(connection, query)), None)


def _last_good(connection: Connection, target: str, before: str, steps: Sequence[str]) -> Mapping[str, Any] | None:
    """Return the newest run before another in which all was well, or these steps were."""
    run, step = tables.run, tables.run_step
    mine = (run.c.target == target, run.c.run_id < before)
    whole = and_(run.c.state.in_(GOOD_ENDS), run.c.selection == "")
    passed = select(step.c.run_id).where(
        step.c.run_id == run.c.run_id, step.c.step.in_(list(steps)[:DRIFTS_SHOWN]), step.c.state.in_(WENT_WELL)
    )
    query = select(run).where(*mine, or_(whole, passed.exists())).order_by(run.c.run_id.desc()).limit(1)
    return next(iter(rows_of(connection, query)), None)
