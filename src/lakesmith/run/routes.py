"""Where a load begins and where its groups land: on what readers see, or aside, in a generation that is swapped in when whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lakesmith.errors import UsageError
from lakesmith.model.loads import Head
from lakesmith.model.protocols import Dates
from lakesmith.model.streams import Ask, Kept, Position, Split

if TYPE_CHECKING:
    from lakesmith.run.load import LoadJob


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A wish to load a stream from the start; with `since`, only what is dated from that day on, the rest of the table stays."""

    since: date | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one load.

    `position` is where its first split begins. `aside` groups build a new generation, which a `fresh` one begins and any other
    resumes. `kept` says which rows of the generation before are carried over. `whole` loads are one group: the copy of a `replace`
    stream with history, which brings a `d` row for each key that vanished. `mark` is the config hash of its checkpoints: a build
    is resumed by a load of the same mark alone. `replaces`: it reads all of a stream whose loads are the whole of it, and nobody
    asked for it. `together`: a part of its splits is of no use to a later load, so all of them are one group.
    """

    splits: Sequence[Split]
    position: Position | None
    mark: str
    aside: bool = False
    fresh: bool = False
    kept: Kept | None = None
    whole: bool = False
    replaces: bool = False
    together: bool = False

    @property
    def is_one_group(self) -> bool:
        """Whether nothing is committed before everything was read."""
        return self.whole or self.together


def find_route(job: LoadJob, head: Head | None) -> Route | None:
    """Return the way of the next load, None if there is nothing new.

    Raises:
        UsageError: If a rebuild from some day on has no meaning for the stream.
        LakesmithError: If the source cannot be looked at.
    """
    position = head.position if head else None
    if job.rebuild is None:
        splits = job.source.splits(job.spec, Ask(since=position))
        if not splits:
            return None
        if job.spec.mode != "replace":
            bound = any(split.bound for split in splits)
            if position is not None or not bound:
                return Route(splits, position, job.config_hash, together=bound)
            return _resumed(job, head) or _begun(job, head)
        if job.spec.history:
            return Route(job.source.splits(job.spec, Ask()), None, job.config_hash, whole=True, replaces=True)
    return _resumed(job, head) or _begun(job, head)


def _resumed(job: LoadJob, head: Head | None) -> Route | None:
    """Return the rest of a build that was cut off, if the source is still read the same way and what is left of it is the same.

    A load or rollback that came to the table meanwhile has a higher ordinal: what was built is older than that.
    """
    building = head.building if head else None
    if head is None or building is None or building.config_hash != _mark(job):
        return None
    if head.checkpoint is not None and head.checkpoint.ordinal > building.ordinal:
        return None
    rest = job.source.splits(job.spec, Ask(since=building.position, from_day=_since(job), resumes=True))
    if tuple(split.name for split in rest) != building.open_splits:
        return None
    return Route(rest, building.position, _mark(job), aside=True)


def _begun(job: LoadJob, head: Head | None) -> Route:
    """Return a load of everything, aside, so that readers keep what they have until it is whole."""
    since = _since(job)
    kept = _kept(job, head, since) if since else None
    position = kept.position if kept else None
    splits = job.source.splits(job.spec, Ask(since=position, from_day=since if kept else None))
    return Route(splits, position, _mark(job), aside=True, fresh=True, kept=kept, replaces=_replaces(job))


def _kept(job: LoadJob, head: Head | None, since: date) -> Kept | None:
    if job.spec.mode == "replace":
        raise UsageError(
            f"`--since` has no meaning for {job.spec.id}: each load of a `replace` stream reads all of it.",
            where=job.spec.where,
            fix=f"`lakesmith rebuild {job.spec.id}`",
        )
    if not isinstance(job.source, Dates):
        raise UsageError(
            f"`--since` has no meaning for {job.spec.id}: its source cannot tell from which day a record is.",
            where=job.spec.where,
            fix=f"`lakesmith rebuild {job.spec.id}` loads all of it anew",
        )
    if head is None or head.position is None:
        return None
    return job.source.keep_before(job.spec, head.position, since)


def _replaces(job: LoadJob) -> bool:
    return job.rebuild is None and job.spec.mode == "replace"


def _mark(job: LoadJob) -> str:
    since = _since(job)
    return f"{job.config_hash}+since-{since}" if since else job.config_hash


def _since(job: LoadJob) -> date | None:
    return job.rebuild.since if job.rebuild else None
