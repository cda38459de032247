"""Writes tested tables out, and remembers which version of them is already out there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lakesmith.errors import ConnectorOptionsError, PublishError, SelectionError
from lakesmith.host.files import write_atomically
from lakesmith.model.events import DatasetPublished
from lakesmith.model.plans import Dataset
from lakesmith.model.protocols import Places
from lakesmith.run.publishers.template import Place, expand
from lakesmith.run.selecting import published_by
from lakesmith.run.workshop import Order, Workshop, relative

STATE = "published.json"


def due(shop: Workshop, manifest: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return every publish entry of the target and why it is due; the reason is empty if what it wrote last is still the newest."""
    names = [name for name, entry in shop.config.publish.items() if entry.published_on(shop.target)]
    if manifest is None:
        return [(name, "") for name in names]
    state = _read(shop)
    return [
        (name, "" if state.get(name) == _token(shop, name, manifest) else "not published in this form yet")
        for name in names
    ]


def publish(
    shop: Workshop, name: str, datasets: Sequence[Dataset], order: Order, run_id: str, tell: Callable[[Any], None]
) -> int:
    """Write the data sets of one publish entry; return how many.

    Raises:
        PublishError: If the entry selects nothing that has been published to readers, or two data sets share a path.
        StorageUnavailableError: If a path cannot be written.
    """
    entry = shop.config.publication(name)
    if not datasets:
        raise PublishError(
            f"`{entry.select}` selects nothing that readers can open, so nothing was published.",
            where=entry.where,
            fix="select marts that have been built: readers get the models of the folder or schema `marts` whose tests passed",
        )
    publisher = shop.publisher(name)
    day = logical_date(shop, order)
    written: set[str] = set()
    places = _taken_by_others(shop, name, day, run_id)
    for dataset in datasets:
        at = _place(shop, name, dataset, day, run_id)
        if places.get(at, dataset.relation) != dataset.relation or at in written:
            raise PublishError(
                f"{places.get(at, dataset.relation)} and {dataset.relation} would both be written to the same place.",
                where=entry.where,
                fix=f"put {{name}} into the {'table' if entry.path is None else 'path'} of this publish entry",
            )
        places[at] = dataset.relation
        written.add(at)
        rows, size = publisher.publish(dataset, at)
        where = at if entry.path is None else relative(Path(at), shop.paths.root)
        tell(DatasetPublished(run_id, shop.host.clock.now(), name, dataset.relation, where, rows, size))
    return len(written)


def _place(shop: Workshop, name: str, dataset: Dataset, day: date, run_id: str) -> str:
    """Return where a data set goes: into the folder that the entry's path names, or where its publisher says."""
    entry, publisher = shop.config.publication(name), shop.publisher(name)
    if entry.path is not None:
        filling = Place(dataset.name, day, shop.target.name, run_id)
        return str(expand(entry.path, filling, root=shop.paths.root))
    if not isinstance(publisher, Places):
        raise ConnectorOptionsError(
            f"The publisher {entry.format!r} needs no path and says no place.",
            where=entry.where,
            fix="report it to the package that brings it",
        )
    return publisher.place(dataset)


def _taken_by_others(shop: Workshop, name: str, day: date, run_id: str) -> dict[str, str]:
    """Return where the other entries of the same format write, and which relation: one would replace the other's files."""
    entry = shop.config.publication(name)
    return {
        _place(shop, other.name, dataset, day, run_id): dataset.relation
        for other in shop.config.publish.values()
        if other.name != name and other.format == entry.format and not other.missing
        if other.published_on(shop.target)
        for dataset in _published_by(shop, other.name)
    }


def _published_by(shop: Workshop, name: str) -> Sequence[Dataset]:
    try:
        return published_by(shop, name)
    except SelectionError:
        return ()  # its own step says so


def remember(shop: Workshop, name: str) -> None:
    """Note that the newest version of what `name` selects is out there."""
    manifest = shop.engine.read_manifest()
    state = _read(shop) | {name: _token(shop, name, manifest or {})}
    write_atomically(shop.paths.state / STATE, json.dumps({**_all(shop), shop.target.name: state}, indent=1) + "\n")


def logical_date(shop: Workshop, order: Order) -> date:
    """Return the date of a run: the one asked for, else today in the schedule's time zone, else today in UTC."""
    if order.on is not None:
        return order.on
    schedule = shop.config.schedule
    zone = ZoneInfo(schedule.timezone) if schedule and schedule.timezone else UTC
    now: datetime = shop.host.clock.now()
    return now.astimezone(zone).date()


def _token(shop: Workshop, name: str, manifest: dict[str, Any]) -> str:
    entry = shop.config.publish[name]
    files = sorted(file for dataset in manifest.get("datasets", ()) for file in dataset["files"])
    told = json.dumps([entry.select, entry.format, entry.path, repr(entry.options), files])
    return hashlib.sha256(told.encode()).hexdigest()


def _all(shop: Workshop) -> dict[str, Any]:
    try:
        found = json.loads((shop.paths.state / STATE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(shop: Workshop) -> dict[str, Any]:
    found = _all(shop).get(shop.target.name, {})
    return found if isinstance(found, dict) else {}
