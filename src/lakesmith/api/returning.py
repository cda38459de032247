"""Which version of which table a rollback goes back to, found and checked before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from lakesmith.api.tables import find_stream, unknown_table, versions_of
from lakesmith.errors import SelectionError, UsageError
from lakesmith.model.streams import StreamId
from lakesmith.model.versions import Version
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.monitor.reading import History, LoadRecord

LEAST_RUN = 6
"""So many characters of a run's id must be given."""


@dataclass(frozen=True, slots=True)
class Return:
    """One table that goes back: from the version in force to an earlier one; `leaves` are the loads whose rows go, newest first."""

    stream: StreamId
    now: Version
    to: Version
    leaves: tuple[Version, ...]


def plan_returns(shop: Workshop, history: History, name: str, to: str | None) -> list[Return]:
    """Return what a rollback of a table or a run would do; tables that are where they should be already are left out.

    Args:
        shop: The workshop.
        history: The record of runs.
        name: A table, or the beginning of a run's id.
        to: For a table: an ordinal, a snapshot or a date; None: the version that readers had before the newest change.

    Raises:
        SelectionError: If there is no such table, run or version.
        UsageError: If this target may not change the table, or there is nothing to go back to.
    """
    need_owner(shop, "roll it back")
    stream = find_stream(shop, name)
    if stream is not None:
        return [_return_of(shop, stream, to)]
    if to is None and len(name) >= LEAST_RUN and (runs := history.runs_like(name)):
        if len(runs) > 1:
            raise SelectionError(
                f"{len(runs)} runs have an id that begins with {name!r}.",
                fix="`lakesmith status` lists the runs; give more of the id",
            )
        return _returns_of_run(shop, runs[0].run_id, history.loads(run_id=runs[0].run_id))
    raise unknown_table(shop, name, "bronze table or run")


def need_owner(shop: Workshop, verb: str) -> None:
    """Refuse to change a lake that belongs to another target.

    Raises:
        UsageError: If this target only reads it.
    """
    if not shop.target.ingest:
        owner = shop.config.bronze_of(shop.target).name
        raise UsageError(
            f"The target {shop.target.name!r} reads the bronze of {owner!r} and may not {verb}.",
            where=shop.target.where,
            fix=f"`--target {owner}`",
        )


def _return_of(shop: Workshop, stream: StreamId, to: str | None) -> Return:
    versions = versions_of(shop, stream)
    if not versions:
        raise UsageError(f"{stream} has never been loaded, so there is nothing to go back to.", where=str(stream))
    target = _before(stream, versions) if to is None else _named(stream, versions, to)
    if target == versions[0] or _is_at(versions[0], target):
        raise UsageError(f"{stream} is at that version already.", where=str(stream), fix=_listed(stream))
    return _return(stream, versions, target)


def _returns_of_run(shop: Workshop, run_id: str, loads: Sequence[LoadRecord]) -> list[Return]:
    moved = [load for load in loads if load.snapshot_id is not None]
    if not moved:
        raise UsageError(f"The run {run_id} loaded nothing, so there is nothing to take back.", where=run_id)
    returns: list[Return] = []
    for load in moved:
        stream = StreamId.parse(load.stream)
        versions = versions_of(shop, stream)
        target = _before_load(stream, versions, load)
        if target != versions[0] and not _is_at(versions[0], target):
            returns.append(_return(stream, versions, target))
    return returns


def _return(stream: StreamId, versions: Sequence[Version], target: Version) -> Return:
    later = versions[: versions.index(target)]
    return Return(
        stream, versions[0], target, tuple(v for v in later if v.state in ("", "in force") and v.kind != "compaction")
    )


def _before(stream: StreamId, versions: Sequence[Version]) -> Version:
    """Return what readers had before the newest load, swap or rollback; upkeep changes no row."""
    changes = [version for version in versions if version.kind != "compaction"]
    if len(changes) < 2:  # noqa: PLR2004 - the one in force and the one before
        raise UsageError(
            f"{stream} has no version before the one in force.",
            where=str(stream),
            fix=f"`lakesmith rebuild {stream}` loads it from the start",
        )
    return changes[1]


def _before_load(stream: StreamId, versions: Sequence[Version], load: LoadRecord) -> Version:
    """Return what readers had before a load of a run."""
    kept = {version.snapshot_id: at for at, version in enumerate(versions)}
    if load.base_snapshot_id in kept:
        return versions[kept[load.base_snapshot_id]]
    if load.base_snapshot_id is None and load.snapshot_id in kept and kept[load.snapshot_id] + 1 < len(versions):
        return versions[kept[load.snapshot_id] + 1]
    made = load.base_snapshot_id is None
    why = "was loaded for the first time by that run" if made else "no longer keeps the version from before that run"
    raise UsageError(
        f"{stream} {why}, so it cannot go back to before it. No table was changed.",
        where=f"run {load.run_id}",
        fix=f"`lakesmith rollback TABLE` takes the other tables back one by one; `lakesmith rebuild {stream}` loads this one from the start",
    )


def _is_at(now: Version, target: Version) -> bool:
    """Whether a table was rolled back to a version, and nothing has come since."""
    return now.kind == "rollback" and target.ordinal is not None and now.back_to == target.ordinal


def _named(stream: StreamId, versions: Sequence[Version], to: str) -> Version:
    """Return the version called by its ordinal, its snapshot or a moment."""
    if to.isdecimal():
        found = [version for version in versions if int(to) in (version.ordinal, version.snapshot_id)]
    else:
        moment = _moment(to)
        found = [version for version in versions if version.at < moment]
    if not found:
        raise SelectionError(
            f"{stream} has no version {to!r} that is still kept.", where=str(stream), fix=_listed(stream)
        )
    return found[0]


def _moment(text: str) -> datetime:
    """Return the moment that ends a day, or comes after a written one; without a zone it is UTC."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no version: neither a number nor a date.",
            where="--to",
            fix="give a load's number, a snapshot, or a date such as 2026-10-01 or 2026-10-01T06:00",
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) + timedelta(milliseconds=1)


def _listed(stream: StreamId) -> str:
    return f"`lakesmith history {stream}` lists the versions"
