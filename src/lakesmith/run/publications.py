"""Writes tested tables out, and remembers which version of them is already out there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lakesmith.errors import PublishError, SelectionError
from lakesmith.host.files import write_atomically
from lakesmith.model.events import DatasetPublished
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.template import Place, expand
from lakesmith.run.selecting import published_by
from lakesmith.run.workshop import Order, Workshop, relative

STATE = "published.json"


def due(shop: Workshop, manifest: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return every publish entry and why it is due; the reason is empty if what it wrote last is still the newest."""
    if manifest is None:
        return [(name, "") for name in shop.config.publish]
    state = _read(shop)
    return [
        (name, "" if state.get(name) == _token(shop, name, manifest) else "not published in this form yet")
        for name in shop.config.publish
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
    written: set[Path] = set()
    paths = _taken_by_others(shop, name, day, run_id)
    for dataset in datasets:
        at = expand(entry.path, Place(dataset.name, day, shop.target.name, run_id), root=shop.paths.root)
        if paths.get(at, dataset.relation) != dataset.relation or at in written:
            raise PublishError(
                f"{paths.get(at, dataset.relation)} and {dataset.relation} would both be written to the same place.",
                where=entry.where,
                fix="put {name} into the path of this publish entry",
            )
        paths[at] = dataset.relation
        written.add(at)
        rows, size = publisher.publish(dataset, str(at))
        where = relative(at, shop.paths.root)
        tell(DatasetPublished(run_id, shop.host.clock.now(), name, dataset.relation, where, rows, size))
    return len(written)


def _taken_by_others(shop: Workshop, name: str, day: date, run_id: str) -> dict[Path, str]:
    """Return where the other entries of the same format write, and which relation: one would replace the other's files."""
    entry = shop.config.publication(name)
    return {
        expand(other.path, Place(dataset.name, day, shop.target.name, run_id), root=shop.paths.root): dataset.relation
        for other in shop.config.publish.values()
        if other.name != name and other.format == entry.format and not other.missing
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
