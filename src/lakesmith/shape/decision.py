"""From the schema a table has, the schema a source sends and a policy, the reshape: pure, without looking at any value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from lakesmith.model.shapes import Cast, Drift, Reshape
from lakesmith.model.types import STRING, Field, Schema
from lakesmith.shape.merge import Merger, folded_names, refused, source_of
from lakesmith.shape.names import is_sibling
from lakesmith.shape.policy import ON_MISFIT, Policy


def decide(known: Schema | None, seen: Schema, policy: Policy, *, also_sent: Collection[str] = ()) -> Reshape:
    """Return what a table with the columns of `known` has to become to take rows with the columns of `seen`.

    Args:
        known: The table's schema, None where there is no table yet.
        seen: What the source sends now; the fields' `source_name` (or else `name`) is the source's own name.
        policy: What the project says.
        also_sent: Source names that were sent without any value, so that they have no type and are still not missing.

    Raises:
        DriftRefusedError: If the policy of a changed column is `freeze`.
    """
    before = known.data if known is not None else None
    old = before or Schema()
    merger = Merger(policy, first=before is None)
    after = Schema(merger.fields(old.fields, pinned(seen, old, policy)))
    sent = {source_of(f) for f in seen} | set(also_sent)
    gone = missing(old, sent, policy)
    refuse_missing(gone, policy)
    drift = (*merger.drift, *gone, *renames(old, after, gone))
    return Reshape(before, after, merge_drift(drift), casts(after, sent, policy))


def pinned(seen: Schema, known: Schema, policy: Policy) -> tuple[Field, ...]:
    """Return the fields of `seen` with the types the project pins, and with text for those it masks."""
    out = []
    names = folded_names(known.fields, [source_of(f) for f in seen])
    for item, name in zip(seen, names, strict=True):
        said = policy.column(source_of(item), name)
        if said.mask != "drop":
            out.append(replace(item, type=STRING if said.mask else said.type or item.type))
    return tuple(out)


def missing(known: Schema, sent: Collection[str], policy: Policy) -> tuple[Drift, ...]:
    """Return an event for every column of `known` that is not among the source names `sent`."""
    arrived = set(folded_names(known.fields, sorted(sent)))
    events = []
    for item in known.data:
        if item.name in arrived or is_sibling(item.name):
            continue
        rule = policy.drift_of(source_of(item), item.name)
        events.append(Drift("column_missing", item.name, str(item.type), "", rule, "kept"))
    return tuple(events)


def refuse_missing(gone: Iterable[Drift], policy: Policy) -> None:
    """Let missing columns pass where their policy does.

    Raises:
        DriftRefusedError: If the policy of one of them is `freeze`.
    """
    for drift in gone:
        if drift.policy == "freeze":
            raise refused(policy, drift.column, drift.before, "")


def renames(before: Schema, after: Schema, gone: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return a rename candidate where, of one type, one column vanished and one appeared."""
    new = [f for f in after if before.find(f.name) is None and not is_sibling(f.name)]
    vanished = [(drift.column, drift.before, drift.policy) for drift in gone]
    lost, found = Counter(kind for _, kind, _ in vanished), Counter(str(f.type) for f in new)
    return tuple(
        Drift("rename_candidate", f.name, column, f.name, rule, "recorded")
        for column, kind, rule in vanished
        for f in new
        if str(f.type) == kind and lost[kind] == found[kind] == 1
    )


def merge_drift(events: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return one event per column and kind, in order of appearance: the first `before` with the last `after` and outcome."""
    merged: dict[tuple[str, str], Drift] = {}
    for event in events:
        earlier = merged.get((event.kind, event.column))
        merged[event.kind, event.column] = replace(event, before=earlier.before) if earlier else event
    return tuple(merged.values())


def casts(after: Schema, sent: Collection[str], policy: Policy) -> tuple[Cast, ...]:
    """Return how each source name in `sent` becomes a column of `after`, in the order of the columns."""
    given = dict(zip(folded_names(after.fields, sorted(sent)), sorted(sent), strict=True))
    return tuple(
        Cast(given[f.name], f.name, f.type, ON_MISFIT[policy.drift_of(given[f.name], f.name)])
        for f in after
        if f.name in given
    )
