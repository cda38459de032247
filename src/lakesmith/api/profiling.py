"""Looks at what a run's loads brought, within a share of the time that the run took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lakesmith.api.storing import complain
from lakesmith.errors import LakesmithError

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.workshop import Workshop

LEAST_S, SHARE = 1.0, 0.05
"""So long profiling takes at most: a second, or a twentieth of the run."""
PERSONAL = frozenset({"personal", "pii"})
KEY = "profile.key"


def profile_run(shop: Workshop, store: RunStore, run_id: str) -> int:
    """Write profiles of what a run's loads brought; return of how many tables. Those that were not looked at for longest come first."""
    from sqlalchemy import insert

    from lakesmith.monitor import tables
    from lakesmith.monitor.profiling import Look, profile_load, read_key
    from lakesmith.monitor.writing import stamp

    clock = shop.host.clock
    loads = [load for load in _loads(store, run_id) if _is_watched(shop, load["stream"])]
    if not loads:
        return 0
    ends_s = clock.steady_s() + max(LEAST_S, SHARE * _took_s(store, run_id))
    key, catalog, count = read_key(shop.paths.state / KEY), shop.lake.open_catalog(), 0
    personal = _personal(shop)
    for load in loads:
        if clock.steady_s() > ends_s:
            break
        stream = load["stream"]
        look = Look(key, _closed(shop, stream) | personal.get(stream, set()), clock.steady_s)
        try:
            table = catalog.load_table(tuple(stream.split(".", 1)))
            found = profile_load(table, load["snapshot_id"], load["base_snapshot_id"], look)
        except Exception as error:  # noqa: BLE001 - a boundary: one odd table must not blind us to all others
            if not isinstance(error, LakesmithError):
                complain(f"the columns of {stream} could not be looked at: {type(error).__name__}")
            continue  # the load stands, and its columns are not judged this time
        rows = [one.row(run_id, stream, stamp(clock.now())) for one in found]
        if rows:
            with store.engine.begin() as connection:
                connection.execute(insert(tables.column_profile), rows)
            count += 1
    return count


def _loads(store: RunStore, run_id: str) -> list[dict[str, Any]]:
    """Return the loads of a run that brought rows, those of tables first that were profiled longest ago."""
    from sqlalchemy import func, select

    from lakesmith.monitor import tables

    load, profile = tables.table_load, tables.column_profile
    seen = (
        select(func.max(profile.c.seen_at)).where(profile.c.stream == load.c.stream).correlate(load).scalar_subquery()
    )
    query = (
        select(load.c.stream, load.c.snapshot_id, load.c.base_snapshot_id, seen.label("seen"))
        .where(load.c.run_id == run_id, load.c.rows_written > 0, load.c.snapshot_id.is_not(None))
        .order_by(load.c.load_id)
    )
    with store.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return sorted(rows, key=lambda row: row["seen"] or "")


def _took_s(store: RunStore, run_id: str) -> float:
    from datetime import datetime

    from sqlalchemy import select

    from lakesmith.monitor import tables

    run = tables.run
    with store.engine.connect() as connection:
        row = connection.execute(select(run.c.started_at, run.c.finished_at).where(run.c.run_id == run_id)).first()
    if row is None or row[1] is None:
        return 0.0
    return (datetime.fromisoformat(row[1]) - datetime.fromisoformat(row[0])).total_seconds()


def _is_watched(shop: Workshop, stream: str) -> bool:
    from lakesmith.monitor.judging.calendar import watch_of

    return watch_of(shop.config.monitor, stream).columns


def _closed(shop: Workshop, stream: str) -> set[str]:
    """Return the columns that the project masks, by the source's name and by bronze's."""
    from lakesmith.shape import fold

    spec = next((spec for spec in shop.config.streams() if str(spec.id) == stream), None)
    masked = [name for name, said in (spec.columns if spec else {}).items() if said.get("mask")]
    return {*masked, *fold(masked)}


def _personal(shop: Workshop) -> dict[str, set[str]]:
    """Return the columns that dbt's sources tag as personal, by stream."""
    from lakesmith.api.health import manifest_of

    manifest = manifest_of(shop)
    nodes: Iterable[Any] = manifest.nodes.values() if manifest else ()
    return {
        f"{node.source}.{node.name}": {column.name for column in node.columns if PERSONAL & set(column.tags)}
        for node in nodes
        if node.resource_type == "source"
    }
