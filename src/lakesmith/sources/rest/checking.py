"""What `check` says of an API: one page of each stream, what it holds, or what is missing and how to get it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError, LakesmithError
from lakesmith.model.streams import Ask, Finding, StreamSpec

if TYPE_CHECKING:
    from lakesmith.sources.rest.api import Api
    from lakesmith.sources.rest.flow.plan import Plan
    from lakesmith.sources.rest.source import RestSource

SHOWN = 12


def check_source(source: RestSource, reach: Callable[[], Api]) -> Iterator[Finding]:
    """Yield what there is to say of a source and its streams; faults become findings, so that all streams are looked at."""
    name = source.context.name
    try:
        api = reach()
    except LakesmithError as error:
        yield Finding("error", name, error.what, error.fix)
        return
    if api.options.base_url.startswith("http://") and not api.options.allow_hosts:
        yield Finding(
            "warning",
            name,
            "the connection is not encrypted: others on the way can read records and credentials",
            "write https:// in `base_url:`",
        )
    for stream in source.context.streams:
        yield from _check_stream(source, api, stream)
    if api.line.traffic.limits:
        told = ", ".join(f"{header}: {value}" for header, value in sorted(api.line.traffic.limits.items()))
        yield Finding(
            "note", name, f"the API tells its limits: {api.scrub.message(told)}", "`rate:` says how fast it is asked"
        )


def _check_stream(source: RestSource, api: Api, stream: StreamSpec) -> Iterator[Finding]:
    from lakesmith.sources.rest.driving.line import first_page
    from lakesmith.sources.rest.flow.pages import flow
    from lakesmith.sources.rest.planning.splits import Token
    from lakesmith.sources.rest.reading.chunks import Reading
    from lakesmith.sources.rest.reading.records import Recipe

    subject = str(stream.id)
    try:
        planning = source.planning(stream)
        planning.refuse_doubles()
        planning.refuse_unmasked()
        options = source.described(stream)
        if options.parent is not None:
            yield Finding("ok", subject, f"is asked for once for each record of `{options.parent.stream}`")
            return
        splits = replace(planning, stream=replace(stream, mode="replace")).splits(Ask())
        if not splits:
            yield Finding("note", subject, "its first window is not over yet: there is nothing to load")
            return
        token = Token.decode(splits[-1].token)
        reading = Reading(source, api, stream)
        plan = _hasty(reading.plan(token.places))
        for page in first_page(api.line, flow(plan)):
            batch = next(Recipe(options, token.origin, remake=reading.remake).batches(page))
            place = options.records if options.format == "json" else options.format
            yield _told(stream, batch.rows, place, token.origin)
    except LakesmithError as error:
        needs = source.needs(stream) if isinstance(error, ConnectorOptionsError) else ""
        yield Finding("error", subject, error.what, "; ".join(filter(None, (error.fix, needs))))
        return
    incremental = options.incremental
    if stream.mode in ("append", "dedupe"):
        yield Finding(
            "note",
            subject,
            "records that vanish from the API stay in bronze"
            + (
                " (windows that are read again bear the same `_ls_source`)"
                if incremental and incremental.look_back
                else ""
            ),
            "`lakesmith reconcile` looks for them" if stream.key and stream.mode == "dedupe" else "",
        )


def _hasty(plan: Plan) -> Plan:
    """Return a plan for a person who waits: two attempts, and a minute for a report."""
    hasty = replace(plan, retries=plan.retries.model_copy(update={"attempts": 2, "patience_min": 1}))
    jobs = plan.options.jobs
    if jobs is None:
        return hasty
    once = jobs.model_copy(update={"give_up_min": 1, "orders": 1})
    return replace(hasty, options=plan.options.model_copy(update={"jobs": once}))


def _told(stream: StreamSpec, rows: Any, where: str, origin: str) -> Finding:
    names = list(dict.fromkeys(rows.schema.names))
    if not names:
        return Finding(
            "warning", str(stream.id), f"no record came of {origin}", f"see that `records: {where}` is where they are"
        )
    listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    facts = {"fields": {name: str(rows.schema.field(at).type) for at, name in enumerate(rows.schema.names)}}
    return Finding(
        "ok", str(stream.id), f"{rows.num_rows:,} records on the first page of {origin}, with {listed}", facts=facts
    )
