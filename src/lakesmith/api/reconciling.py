"""Keys that vanished from the source of a stream, which its cursor does not see."""

from __future__ import annotations

from lakesmith.api.changing import Change, change
from lakesmith.errors import UsageError
from lakesmith.model.loads import Load
from lakesmith.model.streams import StreamId
from lakesmith.run.jobs import job_of
from lakesmith.run.reconciling import Reconciled, reconcile_stream
from lakesmith.run.workshop import Order, Workshop


def reconcile(shop: Workshop, stream: StreamId, *, dry_run: bool) -> Reconciled:
    """Compare the keys of one stream with its source; see `run.reconciling.reconcile_stream` for what it raises.

    Raises:
        UsageError: If this target may not load.
        RunInProgressError: If a run of this target is going on.
    """
    if not shop.target.ingest:
        raise UsageError(
            f"The target {shop.target.name!r} reads the lake of another one, and may not change it.",
            where=shop.target.where,
            fix="reconcile on the target that loads: --target",
        )
    spec = next(spec for spec in shop.config.streams() if spec.id == stream)
    done: list[Reconciled] = []

    def work(known: int) -> Load | None:
        """Do it."""
        with shop.sources_in_use():
            done.append(reconcile_stream(job_of(shop, spec, Order(), known_ordinal=known), dry_run=dry_run))
        return done[0].load

    if dry_run:
        work(0)
    else:
        change(shop, Change(stream, "reconcile"), work)
    return done[0]
