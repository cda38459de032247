"""Examines the installation, the lake and the run store."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version

from lakesmith.api.checking import as_finding
from lakesmith.api.storing import broken_stores, store_in_use, witness_of
from lakesmith.api.upkeep import look_at
from lakesmith.errors import LakesmithError
from lakesmith.model.protocols import Tells
from lakesmith.model.streams import Finding, StreamId
from lakesmith.run.workshop import Workshop

PACKAGES = ("lakesmith", "pyiceberg", "pyarrow", "polars", "duckdb", "dbt-core", "dbt-duckdb")
POSTGRES = ("dbt-postgres", "psycopg", "adbc-driver-postgresql")
"""What a target on PostgreSQL needs besides."""
LITTLE_SPACE_BYTES = 2_000_000_000
MANY_FILES = 5_000


def examine(shop: Workshop) -> list[Finding]:
    """Return what there is to say, worst matters included; nothing is changed."""
    findings = [_packages(shop), _space(shop), *_store(shop)]
    try:
        streams = shop.lake.streams()
    except LakesmithError as error:
        return [*findings, as_finding("lake", error)]
    findings.append(
        Finding("ok", "lake", f"{len(streams)} {'table' if len(streams) == 1 else 'tables'} in {shop.lake.root}")
    )
    findings.extend(shop.lake.check())
    tables = (finding for stream in streams for finding in (_table(shop, stream), *look_at(shop, stream)))
    return list(dict.fromkeys((*findings, *tables, *_warehouse(shop))))  # a table that cannot be read says so once


def _packages(shop: Workshop) -> Finding:
    found, missing = [], []
    extra = POSTGRES if shop.target.engine == "postgres" else ()
    for name in (*PACKAGES, *extra):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        wanted = "'lakesmith[postgres]'" if {*missing} & {*extra} else "lakesmith"
        return Finding("error", "packages", f"missing: {', '.join(missing)}", f"pip install {wanted}")
    return Finding("ok", "packages", ", ".join(found))


def _space(shop: Workshop) -> Finding:
    free = shutil.disk_usage(shop.paths.root).free
    text = f"{free / 1e9:,.1f} GB free where the project lies"
    if free < LITTLE_SPACE_BYTES:
        return Finding("warning", "disk", text, "a load that fills the disk stops cleanly, but it stops")
    return Finding("ok", "disk", text)


def _store(shop: Workshop) -> list[Finding]:
    from sqlalchemy.exc import SQLAlchemyError

    from lakesmith.monitor.databases import examine_file
    from lakesmith.monitor.reading import History
    from lakesmith.monitor.repair import examine as examine_record

    try:
        with store_in_use(shop) as store:
            if store.engine.dialect.name == "sqlite":
                examine_file(store.engine)
            runs = History(store, now=shop.host.clock.now()).runs(1)
            flaws = examine_record(store, shop.paths.logs, witness_of(shop))
    except LakesmithError as error:
        return [as_finding("run store", error)]
    except SQLAlchemyError as error:
        told = f"the run store cannot be read: {type(getattr(error, 'orig', None) or error).__name__}"
        return [
            Finding("error", "run store", told, "move it away to begin a new one, then `lakesmith doctor --repair`")
        ]
    aside = broken_stores(shop)
    last = f"last run {runs[0].started_at:%Y-%m-%d %H:%M} UTC: {runs[0].state}" if runs else "no run yet"
    findings = [Finding("ok", "run store", last)]
    if aside:
        findings.append(
            Finding(
                "warning",
                "run store",
                f"a damaged store was put aside: {aside[-1].name}",
                "look into it, then delete it",
            )
        )
    for flaw in flaws:
        fix = (
            "`lakesmith doctor --repair` brings it back"
            if flaw.can_mend
            else "its log is gone too: this cannot be mended"
        )
        findings.append(Finding("warning", "run store", flaw.text, fix))
    return findings


def repair(shop: Workshop) -> list[Finding]:
    """Bring back from the runs' logs what the run store lost, under the lock of this target's runs; say what became of each run.

    Raises:
        RunInProgressError: If a run of this target is going on.
        LakesmithError: If the store cannot be opened.
    """
    from lakesmith.api.running import locked
    from lakesmith.monitor.repair import mend

    with locked(shop, "lakesmith doctor --repair"), store_in_use(shop) as store:
        done = mend(store, shop.paths.logs, witness_of(shop))
    if not done:
        return [Finding("ok", "run store", "nothing is missing, nothing was altered")]
    return [Finding("ok" if one.is_whole else "warning", "run store", one.text) for one in done]


def _table(shop: Workshop, stream: StreamId) -> Finding:
    try:
        head = shop.lake.table(stream).head()
    except LakesmithError as error:
        return as_finding(str(stream), error)
    if head is None or head.checkpoint is None:
        return Finding("warning", str(stream), "has a table and no checkpoint", "load it once")
    text = f"{head.rows:,} rows in {head.files:,} {'file' if head.files == 1 else 'files'}, load {head.checkpoint.ordinal}, {head.last_updated:%Y-%m-%d %H:%M} UTC"
    if head.files > MANY_FILES:
        return Finding("warning", str(stream), text, "so many files slow every query down: `lakesmith lake compact`")
    return Finding("ok", str(stream), text)


def _warehouse(shop: Workshop) -> list[Finding]:
    from pathlib import Path

    try:
        published = shop.engine.published()
    except LakesmithError as error:
        return [as_finding("warehouse", error)]
    gone = [dataset.relation for dataset in published if not all(Path(file).is_file() for file in dataset.files)]
    if gone:
        return [
            Finding(
                "error",
                "warehouse",
                f"files are missing: {', '.join(gone)}",
                "`lakesmith run --full-refresh` builds them again",
            )
        ]
    told = f"{len(published)} tables for readers"
    if isinstance(shop.engine, Tells):
        told += f", in {shop.engine.tell()}"
    return [Finding("ok", "warehouse", told)]
