"""What a rebuild of a stream would do, found and checked before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lakesmith.api.returning import need_owner
from lakesmith.api.tables import find_stream, unknown_table
from lakesmith.model.protocols import Misses
from lakesmith.model.streams import StreamId
from lakesmith.run.jobs import job_of
from lakesmith.run.routes import find_route
from lakesmith.run.workshop import Order, Workshop


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """What a rebuild would read and keep.

    `size_bytes` is None where a source does not say. `rows` is what the table has now; `kept` names what it came from and is not read
    again; `gone` what was loaded once and the source has no more: rows of it would not come back. `resumes`: an earlier rebuild was
    cut off, and this is the rest of it. `forgets`: the table holds every load as rows, and only the newest of them is left.
    """

    stream: StreamId
    since: date | None
    splits: int
    size_bytes: int | None
    rows: int
    kept: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    resumes: bool = False
    forgets: bool = False

    @property
    def order(self) -> Order:
        """The order that does it: load the stream, then rerun what depends on it."""
        return Order(select=(f"source:{self.stream}+",), rebuild=self.stream, since=self.since)


def plan_rebuild(shop: Workshop, name: str, since: date | None) -> RebuildPlan:
    """Return what a rebuild would do.

    Raises:
        SelectionError: If the project has no such stream.
        UsageError: If this target may not load, or `since` has no meaning for the stream.
        LakesmithError: If the source or the lake cannot be looked at.
    """
    need_owner(shop, "rebuild it")
    stream = find_stream(shop, name)
    spec = next((spec for spec in shop.config.streams() if spec.id == stream), None)
    if spec is None:
        raise unknown_table(shop, name, "stream of the project")
    job = job_of(shop, spec, Order(rebuild=spec.id, since=since))
    head = job.bronze.head()
    route = find_route(job, head)
    splits = route.splits if route else ()
    sizes = [split.size_bytes or 0 for split in splits]
    kept = route.kept.origins if route and route.kept else frozenset()
    gone = job.source.gone(spec, head.position) if isinstance(job.source, Misses) and head and head.position else ()
    return RebuildPlan(
        stream=spec.id,
        since=since,
        splits=len(splits),
        size_bytes=None if any(split.size_bytes is None for split in splits) else sum(sizes),
        rows=head.rows if head else 0,
        kept=tuple(sorted(kept)),
        gone=tuple(name for name in gone if name not in kept),
        resumes=bool(route and route.aside and not route.fresh),
        forgets=spec.mode == "replace" and spec.history and head is not None,
    )
