"""Gathers what the first page shows: from the record, the lake, the warehouse and the models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.about import __version__
from lakesmith.api.existing import tables_of_others
from lakesmith.api.health import last_judged, manifest_of, still_there, unloaded, unwatched, verdict
from lakesmith.api.marts import mart_views
from lakesmith.api.masking import masked
from lakesmith.api.storing import store_in_use
from lakesmith.catalog.lineage import lineage_of
from lakesmith.dbt.artifacts import Manifest
from lakesmith.errors import LakesmithError
from lakesmith.host.files import write_atomically
from lakesmith.monitor.reading import CheckRecord, DriftRecord, History, LoadRecord, RunRecord
from lakesmith.pages import values as v
from lakesmith.pages.parts import RUN_MOODS
from lakesmith.pages.today import render
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.model.loads import Head
    from lakesmith.monitor.store import RunStore

SHOWN_LOADS, SHOWN_RUNS, SHOWN_DRIFT, SHOWN_REJECTS = 24, 60, 12, 18
SHOWN_NOTICES = 12


def write_page(shop: Workshop, path: Path, store: RunStore | None = None) -> Path:
    """Write the page and return its path; `store` is the record of runs where it is open already."""
    with store_in_use(shop) if store is None else nullcontext(store) as opened:
        shown = gather(shop, opened)
    write_atomically(path, render(masked(shown, shop.host.secrets.mask)))
    return path


def gather(shop: Workshop, store: RunStore) -> v.Today:
    """Return everything the page shows."""
    now = shop.host.clock.now()
    history = History(store, now=now)
    runs, loads = history.runs(SHOWN_RUNS), history.loads(limit=SHOWN_LOADS)
    ours = [run for run in runs if run.target == shop.target.name]
    checks, drift = history.newest_checks(), history.drift(SHOWN_DRIFT)
    tables = tables_of_others(shop, history)
    judged = last_judged(shop, store)
    rejects, waiting = ([], 0) if _heads(shop) is None else _rejects(shop)
    manifest = manifest_of(shop)
    checks = still_there(checks, manifest)
    mood, headline = verdict(ours, checks, waiting, unloaded=unloaded(shop), tables=tables, judged=judged)
    nodes, edges = _lineage(shop, manifest, checks)
    return v.Today(
        project=shop.config.name,
        target=shop.target.name,
        version=__version__,
        as_of=now,
        headline=headline,
        mood=mood,
        ready=_tiles(shop, runs, checks, waiting),
        marts=mart_views(shop, manifest),
        loads=[_load(load) for load in loads],
        notices=_notices(loads)[:SHOWN_NOTICES],
        tables=[v.TableView(t.stream, t.state, t.text, t.rows, t.loaded_at, t.seen_at) for t in tables],
        rejects=rejects,
        waiting=waiting,
        drift=[_drift(change) for change in drift],
        checks=[
            v.CheckView(_short(c), c.relation, c.status, c.failures, c.message) for c in checks if c.status != "pass"
        ],
        passed=sum(check.status == "pass" for check in checks),
        nodes=nodes,
        edges=edges,
        runs=[v.RunView(run.started_at, run.state, _seconds(run), run.message) for run in runs],
        unwatched=unwatched(judged),
    )


def _tiles(
    shop: Workshop, runs: Sequence[RunRecord], checks: Sequence[CheckRecord], waiting: int
) -> list[tuple[str, str]]:
    heads = _heads(shop)
    good = next((run for run in runs if RUN_MOODS.get(run.state) == v.GOOD or run.state == "warned"), None)
    return [
        ("streams in bronze", "unknown" if heads is None else f"{len(heads):,}"),
        ("rows in bronze", "unknown" if heads is None else f"{sum(head.rows for head in heads):,}"),
        ("tables for readers", f"{len(shop.engine.published()):,}"),
        ("tests that pass", f"{sum(check.status == 'pass' for check in checks):,} of {len(checks):,}"),
        ("records in quarantine", "unknown" if heads is None else f"{waiting:,}"),
        ("last good run (UTC)", f"{good.started_at:%d %b %H:%M}" if good else "none"),
    ]


def _heads(shop: Workshop) -> list[Head] | None:
    """Return the heads of all tables; None if the lake cannot be read: the page is needed most when something is broken."""
    try:
        return [head for stream in shop.lake.streams() if (head := shop.lake.table(stream).head())]
    except LakesmithError:
        return None


def _rejects(shop: Workshop) -> tuple[list[v.RejectView], int]:
    """Return the most frequent reasons, each with the place of one record, and how many records wait. No record: the page goes round."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for stream in shop.lake.streams():
        for row in shop.lake.table(stream).quarantined():
            kind = (str(stream), row.reason.partition(":")[0])
            counts[kind] += 1
            examples.setdefault(kind, row.where)
    views = [
        v.RejectView(stream, reason, count, examples[stream, reason])
        for (stream, reason), count in counts.most_common(SHOWN_REJECTS)
    ]
    return views, counts.total()


def _load(load: LoadRecord) -> v.LoadView:
    notes = [
        "a record is missing its proof" if not load.proven else "",
        ", ".join(f"{reason}: {count:,}" for reason, count in load.filter_reasons.items()),
    ]
    return v.LoadView(
        load.stream,
        load.finished_at,
        load.state,
        load.rows_read,
        load.rows_written,
        load.rows_quarantined,
        load.rows_filtered,
        load.proven,
        load.law_holds,
        load.rows_read / load.seconds if load.seconds > 0 and load.rows_read else None,
        "; ".join(note for note in notes if note),
    )


def _notices(loads: Iterable[LoadRecord]) -> list[v.NoticeView]:
    """Return what sources said with these loads, newest first; what is said with every load appears once."""
    said: dict[tuple[str, str], v.NoticeView] = {}
    for load in loads:
        for text in load.notices:
            said.setdefault((load.stream, text), v.NoticeView(load.finished_at, load.stream, text))
    return list(said.values())


def _drift(change: DriftRecord) -> v.DriftView:
    what = change.kind.replace("_", " ")
    sides = " → ".join(side for side in (change.before, change.after) if side)
    return v.DriftView(
        change.seen_at, change.stream, change.column, f"{what}{f': {sides}' if sides else ''}", change.outcome
    )


def _short(check: CheckRecord) -> str:
    parts = check.check_id.split(".")
    return parts[2] if len(parts) > 2 else check.check_id  # noqa: PLR2004 - test.project.name.hash


def _seconds(run: RunRecord) -> float | None:
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else None


def _lineage(
    shop: Workshop, manifest: Manifest | None, checks: Iterable[CheckRecord]
) -> tuple[list[v.NodeView], Sequence[tuple[str, str]]]:
    if manifest is None:
        return [], ()
    found = lineage_of(manifest, [spec.id for spec in shop.config.streams()])
    moods = {"fail": v.BAD, "error": v.BAD, "warn": v.WARN}
    worst: dict[str, str] = {}
    for check in checks:  # worst first
        if check.status in moods:
            worst.setdefault(check.relation.rpartition(".")[2], moods[check.status])
    return [v.NodeView(asset.name, asset.layer, worst.get(asset.name, v.GOOD)) for asset in found.assets], found.edges
