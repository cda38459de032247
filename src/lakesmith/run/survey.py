"""Looks at the sources, the lake and the models, and finds what is due. This is the whole of a run with nothing new, so it is light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakesmith.errors import FatalError, LakesmithError
from lakesmith.model.loads import Head
from lakesmith.model.streams import Ask, Split, StreamId, StreamSpec
from lakesmith.model.watching import Glance
from lakesmith.run.continuity import holds_same_rows
from lakesmith.run.jobs import job_of
from lakesmith.run.plan import Facts, StreamNews, Watching
from lakesmith.run.preparing import prepare
from lakesmith.run.publications import due
from lakesmith.run.routes import find_route
from lakesmith.run.sampling import SAMPLE, sample_of
from lakesmith.run.selecting import Chosen, choose
from lakesmith.run.watching import has_moved, look_at_all, marks_before, reason, zone_of
from lakesmith.run.workshop import Order, Workshop


@dataclass(frozen=True, slots=True)
class Survey:
    """What is due, and what it was judged by: the models' fingerprint and the snapshot of each stream's table.

    `faults` holds, by stream, why it cannot even be looked at; its siblings go on. `glances` are the tables that others load.
    """

    facts: Facts
    chosen: Chosen
    models: str
    faults: dict[StreamId, LakesmithError]
    glances: Sequence[Glance] = ()


def survey(shop: Workshop, order: Order) -> Survey:
    """Find what is due.

    Raises:
        SelectionError: If the selection names nothing.
        FatalError: If a table, or the lake's catalog, cannot be trusted: nothing is loaded before somebody has looked.
    """
    chosen = choose(shop, order)
    news: list[StreamNews] = []
    faults: dict[StreamId, LakesmithError] = {}
    for spec in chosen.streams:
        try:
            news.append(_news(shop, spec, order))
        except FatalError:
            raise
        except LakesmithError as error:
            faults[spec.id] = error
    if shop.has_models:
        prepare(shop)  # the bundled package is part of what the fingerprint looks at
    models = shop.models_now()
    manifest = shop.engine.read_manifest()
    glances = look_at_all(shop, only=chosen.others, patient=not (order.rollback or order.rebuild))
    # what goes back may be a table that cannot be trusted as it is: looking at it is no reason to leave it so
    why = "" if order.rollback else _why_build(shop, chosen, models, manifest, full_refresh=order.full_refresh)
    if not why and not order.rollback and chosen.builds and has_moved(glances, marks_before(manifest)):
        why = "tables that others load are not as they were built last"
    told = (news, order.select, order.exclude, chosen.builds, why, due(shop, manifest), order.rollback)
    return Survey(Facts(*told, _watching(shop, glances)), chosen, models, faults, glances)


def _watching(shop: Workshop, glances: Sequence[Glance]) -> tuple[Watching, ...]:
    """Return the sources with tables of others that are not fresh."""
    stale = [glance for glance in glances if not glance.is_usable]
    by_source = {
        glance.stream.source: [one for one in stale if one.stream.source == glance.stream.source] for glance in stale
    }
    return tuple(
        Watching(source, reason(own, zone_of(shop)), any(one.verdict.until for one in own))
        for source, own in by_source.items()
    )


def _news(shop: Workshop, spec: StreamSpec, order: Order) -> StreamNews:
    if not shop.target.ingest:
        return StreamNews(spec.id, 0, 0, first=False)
    head = shop.lake.table(spec.id).head()
    splits, why = _due(shop, spec, order, head)
    sizes = [split.size_bytes for split in splits]
    known = [size for size in sizes if size is not None]
    size = sum(known) if len(known) == len(sizes) else None
    return StreamNews(spec.id, len(splits), size, head is None, why)


def _due(shop: Workshop, spec: StreamSpec, order: Order, head: Head | None) -> tuple[Sequence[Split], str]:
    """Return what a load has to read, and why, where it is not the news since the last one."""
    if order.rebuild is None and (spec.mode != "replace" or head is None):
        return shop.source(spec.id.source).splits(spec, Ask(since=position(head))), ""
    route = find_route(job_of(shop, spec, order), head)
    if route is None:
        return (), ""
    if route.aside and not route.fresh:
        return route.splits, "the rest of a load that was cut off"
    if order.rebuild is None:
        return route.splits, "the source changed, and each load is the whole of it"
    return route.splits, f"a rebuild, everything from {order.since} on" if order.since else "a rebuild from the start"


def position(head: Head | None) -> bytes | None:
    """Return where a stream is, None before its first load."""
    return head.position if head else None


def bronze_now(shop: Workshop) -> dict[str, int | None]:
    """Return the snapshot of every table of the lake, by stream."""
    heads = {stream: shop.lake.table(stream).head() for stream in shop.lake.streams()}
    return {str(stream): head.snapshot_id for stream, head in heads.items() if head}


def _why_build(
    shop: Workshop, chosen: Chosen, models: str, manifest: dict[str, Any] | None, *, full_refresh: bool
) -> str:
    """Say why a build is due even without new rows; empty if it is not."""
    if not chosen.builds:
        return ""
    bronze = bronze_now(shop)
    if not bronze and not shop.config.existing():
        return ""
    inputs = (manifest or {}).get("inputs") or {}
    reasons = (
        (full_refresh, "a full refresh was asked for"),
        (manifest is None, "nothing has been built yet"),
        (not shop.engine.has_build(), "the build file is gone"),
        (inputs.get("models") != models, "models changed"),
        (inputs.get(SAMPLE) != sample_of(shop), "the target's sample changed"),
        (_has_moved(shop, inputs.get("bronze") or {}, bronze), "bronze has moved since the last build"),
        (not inputs.get("complete"), "the last build did not end well"),
    )
    return next((reason for true, reason in reasons if true), "")


def _has_moved(shop: Workshop, before: Mapping[str, int | None], now: Mapping[str, int | None]) -> bool:
    """Whether a table came, went, or holds other rows than were built last; that it was compacted is no reason to build."""
    return any(not holds_same_rows(shop, name, before, now) for name in {*before, *now})
