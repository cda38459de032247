"""What a load of one stream works with, out of a project and what somebody ordered."""

from __future__ import annotations

from fnmatch import fnmatchcase

from lakesmith.model.streams import StreamSpec
from lakesmith.run.load import LoadJob
from lakesmith.run.routes import Rebuild
from lakesmith.run.workshop import Order, Workshop


def job_of(shop: Workshop, spec: StreamSpec, order: Order, *, known_ordinal: int = 0) -> LoadJob:
    """Return the job of loading a stream.

    Raises:
        MissingValueError: If a reference in the options of its source has no value here.
        ConnectorOptionsError: If its connector cannot be loaded.
    """
    return LoadJob(
        spec,
        shop.source(spec.id.source),
        shop.lake.table(spec.id),
        shop.host,
        shop.config.config_hash,
        known_ordinal,
        rebuild=Rebuild(order.since) if order.rebuild == spec.id else None,
        event_time=event_time_of(shop, str(spec.id)),
    )


def event_time_of(shop: Workshop, stream: str) -> str | None:
    """Return the column that says when a row of a stream happened, by what `monitor.tables` says last of it."""
    said = shop.config.monitor.tables.items()
    named = [watch.event_time for pattern, watch in said if watch.event_time and fnmatchcase(stream, pattern)]
    return named[-1] if named else None
