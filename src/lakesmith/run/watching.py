"""Tables that others load: looked at on every run, waited for when that is worth while, never loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from lakesmith.errors import ConfigError, ConnectorOptionsError, TransformError
from lakesmith.model.streams import StreamId
from lakesmith.model.watching import UNKNOWN, WHOLE, Glance, Place, Seen, Sight

if TYPE_CHECKING:
    from lakesmith.model.protocols import Others, Watches
    from lakesmith.run.workshop import Workshop

EXISTING = "existing"
"""Under this name the warehouse's manifest keeps the mark of every table that was built from; None: it was left out."""

Marks = Mapping[str, str | None]


def others_of(shop: Workshop) -> Others:
    """Return what sees the tables of others on this target.

    Raises:
        ConfigError: If the target's engine cannot see them.
    """
    make = getattr(shop.engine, "others", None)
    if make is None:
        raise ConfigError(
            f"The engine {shop.target.engine!r} cannot see tables that others load.",
            where=shop.target.where,
            fix="use another engine for this target, or take the source of `type: existing` out",
        )
    return cast("Others", make())


def watcher_of(shop: Workshop, source: str) -> Watches:
    """Return the source as what it is: one that watches.

    Raises:
        ConnectorOptionsError: If its class says that it loads nothing, and watches nothing either.
    """
    from lakesmith.model.protocols import Watches

    found = shop.source(source)
    if not isinstance(found, Watches):
        raise ConnectorOptionsError(
            f"The source {source!r} loads nothing and watches nothing.",
            where=shop.config.source(source).where,
            fix="report it to the package that brings it",
        )
    return found


def zone_of(shop: Workshop) -> tzinfo:
    """Return the schedule's time zone; UTC without one."""
    schedule = shop.config.schedule
    return ZoneInfo(schedule.timezone) if schedule else UTC


def look(shop: Workshop, source: str, *, began: datetime | None = None) -> list[Glance]:
    """Look at every table of a source once; where the project names none, those that its models declare are missed if they are gone.

    Args:
        shop: The workshop.
        source: The source.
        began: Since when the run is ready to wait; None: it is not.

    Raises:
        ConfigError: If the target's engine cannot see such tables.
        StorageUnavailableError: If its database cannot be reached.
    """
    watcher, eyes = watcher_of(shop, source), others_of(shop)
    place = watcher.place()
    tables = eyes.tables(place)
    declared = {} if shop.config.source(source).streams else _declared(shop, source)
    sights = [_as_declared(sight, declared) for sight in watcher.sights(tables)]
    there = [sight for sight in sights if sight.is_there]
    seen = {one.stream: one for one in (eyes.look(place, there) if there else ())}
    needs_folder = shop.target.engine == "duckdb"
    found = [
        _with_note(seen[sight.stream], sight) if sight.is_there else _missing(sight, place, needs_folder=needs_folder)
        for sight in sights
    ]
    lost = [StreamId(source, name) for table, name in sorted(declared.items()) if table not in tables]
    found += [Seen(stream, fault=f"is not there, and models read it: no table in {place.schema}") for stream in lost]
    now, zone = shop.host.clock.now(), zone_of(shop)
    return [Glance(one, watcher.judge(one, now=now, zone=zone, began=began)) for one in found]


def look_at_all(shop: Workshop, *, only: Collection[StreamId] | None, patient: bool) -> list[Glance]:
    """Look at the tables of all sources that are not loaded.

    Args:
        shop: The workshop.
        only: The tables that matter; None: all.
        patient: Whether the run is ready to wait.
    """
    began = shop.host.clock.now() if patient else None
    glances = []
    for source in shop.config.existing():
        if only is None or any(stream.source == source.name for stream in only):
            glances += look(shop, source.name, began=began)
    return [glance for glance in glances if only is None or _matters(glance.stream, only)]


def wait(shop: Workshop, source: str, first: Sequence[Glance], tell: Callable[[str], None]) -> list[Glance]:
    """Look again and again until every table is fresh or not worth waiting for; return the last look.

    Args:
        shop: The workshop.
        source: The source.
        first: What the run saw when it began.
        tell: Is told, before each pause, what is waited for.

    Raises:
        StopRequestedError: If somebody asks to stop meanwhile.
    """
    glances, wanted = list(first), {glance.stream for glance in first}
    began, pause_s = shop.host.clock.now(), watcher_of(shop, source).look_every_s
    while True:
        ends = [glance.verdict.until for glance in glances if not glance.is_usable and glance.verdict.until]
        if not ends:
            return glances
        tell(f"waits for {_names(glance for glance in glances if not glance.is_usable)}")
        left = (max(ends) - shop.host.clock.now()).total_seconds()
        shop.host.patience.wait(max(min(pause_s, left), 0.0), shop.host.stop)
        glances = [one for one in look(shop, source, began=began) if _matters(one.stream, wanted)]


def sentence(glances: Iterable[Glance]) -> str:
    """Return what is wrong with the tables that are not fresh; empty if nothing is."""
    return "; ".join(f"{_name(one.stream)} {one.verdict.text}" for one in glances if not one.is_usable)


def attach(shop: Workshop) -> None:
    """Make the tables of others readable where dbt builds."""
    if shop.config.existing():
        others_of(shop).attach([watcher_of(shop, source.name).place() for source in shop.config.existing()])


def marks_of(glances: Iterable[Glance]) -> dict[str, str | None]:
    """Return what tells later whether a table was loaded again; None for one that is left out."""
    return {str(glance.stream): glance.seen.mark if glance.is_usable else None for glance in glances}


def marks_before(manifest: Mapping[str, Any] | None) -> Marks:
    """Return the marks that the last build kept."""
    found = ((manifest or {}).get("inputs") or {}).get(EXISTING)
    return found if isinstance(found, dict) else {}


def has_moved(glances: Iterable[Glance], before: Marks) -> bool:
    """Whether a table that can be built from is not as it was built last."""
    return any(glance.is_usable and before.get(str(glance.stream)) != glance.seen.mark for glance in glances)


def _with_note(seen: Seen, sight: Sight) -> Seen:
    return replace(seen, fault=seen.fault or sight.note)


def _missing(sight: Sight, place: Place, *, needs_folder: bool) -> Seen:
    if sight.table != WHOLE:
        return Seen(sight.stream, fault=f"is not there: no table {place.schema}.{sight.table}")
    where = f"the folder {place.folder.name}" if place.folder else f"the schema {place.schema}"
    hint = "; targets on DuckDB read a `folder`" if needs_folder and not place.folder else ""
    return Seen(sight.stream, fault=f"has no table: there is nothing in {where}{hint}")


def _declared(shop: Workshop, source: str) -> dict[str, str]:
    """Return the tables of a source that the models declare, by the table's own name, as far as dbt has parsed them."""
    from lakesmith.dbt.artifacts import read_manifest

    try:
        nodes = read_manifest(shop.paths.dbt_target).nodes.values()
    except TransformError:
        return {}
    return {node.alias: node.name for node in nodes if node.resource_type == "source" and node.source == source}


def _as_declared(sight: Sight, declared: Mapping[str, str]) -> Sight:
    """Return a sight under the name that models have for the table: what is left out is left out by it."""
    name = declared.get(sight.table)
    return sight if name is None else replace(sight, stream=StreamId(sight.stream.source, name))


def _matters(stream: StreamId, wanted: Collection[StreamId]) -> bool:
    """Whether a table is among those wanted, or stands for all of its source, or they do."""
    whole = StreamId(stream.source, WHOLE)
    return (
        stream in wanted or whole in wanted or (stream == whole and any(one.source == stream.source for one in wanted))
    )


def _name(stream: StreamId) -> str:
    return stream.source if stream.name == WHOLE else str(stream)


def _names(glances: Iterable[Glance]) -> str:
    return ", ".join(_name(glance.stream) for glance in glances)


def reason(glances: Sequence[Glance], zone: tzinfo) -> str:
    """Return why a source has a step of its own: what is not fresh, and how long it is waited for."""
    ends = [glance.verdict.until for glance in glances if not glance.is_usable and glance.verdict.until]
    until = f"waits until {max(ends).astimezone(zone):%H:%M} at most" if ends else "nothing to wait for"
    doubts = {"unknown" if glance.verdict.state == UNKNOWN else "late" for glance in glances if not glance.is_usable}
    return f"{_names(glance for glance in glances if not glance.is_usable)}: {' and '.join(sorted(doubts))}, {until}"
