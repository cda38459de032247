"""From the schema a table has, the schema a source sends and a policy, the reshape: pure, without looking at any value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from difflib import SequenceMatcher

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Cast, Drift, Reshape
from lakesmith.model.types import STRING, Field, Schema
from lakesmith.shape.merge import Merger, folded_names, is_pinned, refused, source_of
from lakesmith.shape.names import is_sibling
from lakesmith.shape.pinning import start_of
from lakesmith.shape.policy import ON_MISFIT, Policy
from lakesmith.shape.relate import family

ALIKE = 0.6
"""How much two names have to resemble each other for a rename candidate, where more than one column of a type came or went."""

MOST_PAIRS = 10_000
"""With more pairs of vanished and new columns than this, nobody renamed a column: the source is another one."""


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
    old, start = before or Schema(), start_of(before, policy)
    merger = Merger(policy, first=before is None)
    after = Schema(merger.fields(start.fields, pinned(seen, old, policy)))
    sent = {source_of(f) for f in seen} | set(also_sent)
    gone = missing(old, sent, policy)
    events = (*start.drift, *merger.drift)
    drift = merge_drift((*events, *gone, *renames(old, after, gone, events)))
    reshape = Reshape(before, after, drift, casts(after, sent, policy))
    refuse_gone(reshape, policy)
    return reshape


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
    """Return an event for every column that is expected and not among the source names `sent`.

    Expected are the columns of `known`; where `freeze` holds and there is a pinned schema, the columns of that.
    """
    fields = start_of(known, policy).fields
    arrived = set(folded_names(fields, sorted(sent)))
    events = []
    for item in fields:
        rule = policy.drift_of(source_of(item), item.name)
        unpinned = rule == "freeze" and not is_pinned(policy, item.name)
        if not (item.name in arrived or is_sibling(item.name) or unpinned):
            events.append(Drift("column_missing", item.name, str(item.type), "", rule, "kept"))
    return tuple(events)


def refuse_gone(reshape: Reshape, policy: Policy) -> None:
    """Let columns that are not sent any more pass where their policy does.

    Raises:
        DriftRefusedError: If the policy of one of them is `freeze`, or if its values, which are to be masked, may have come in
            clear under another name.
    """
    for drift in reshape.drift:
        if drift.kind == "column_missing" and drift.policy == "freeze":
            raise refused(policy, drift.column, drift.before, "")
    for drift in reshape.drift:
        if drift.kind == "rename_candidate":
            _refuse_unmasked(reshape, drift, policy)


def _refuse_unmasked(reshape: Reshape, drift: Drift, policy: Policy) -> None:
    old, new = (reshape.after.find(name) for name in (drift.before, drift.after))
    if old is None or new is None or not policy.column(source_of(old), old.name).mask:
        return
    if {new.name, source_of(new)} & policy.columns.keys():
        return  # the project names the new column: somebody has looked at it
    raise DriftRefusedError(
        f"{old.name}, which is masked, is not sent any more, and {new.name} came: it may hold the same values in clear. "
        "Nothing was loaded.",
        where=f"stream {policy.stream}, column {new.name}" + (f" ({policy.where})" if policy.where else ""),
        fix=f"say what {new.name} is: `columns: {{{new.name}: {{mask: hash}}}}`, or `{{on_drift: {drift.policy}}}` if it may be read",
    )


def refuse_keyless(names: Collection[str], policy: Policy, *, known: Collection[str]) -> None:
    """Refuse rows without a key column, whatever the policy: without a key they would stand in for each other.

    Args:
        names: The folded names of the columns sent.
        policy: What the project says.
        known: The table's columns; a key that it never had is another fault.

    Raises:
        DriftRefusedError: If a column of the key is not among them.
    """
    for column in policy.key:
        if column in known and column not in names:
            raise DriftRefusedError(
                f"Records of {policy.stream} came without {column}, which is in its key. Nothing was loaded, and bronze is untouched.",
                where=f"stream {policy.stream}, column {column}" + (f" ({policy.where})" if policy.where else ""),
                fix=f"mend the source; if the column was renamed, `lakesmith drift accept {policy.stream} {column} NEW` and "
                "change `key:`; if the records have another key now, change `key:` and load the stream anew",
            )


def renames(before: Schema, after: Schema, gone: Iterable[Drift], events: Iterable[Drift] = ()) -> tuple[Drift, ...]:
    """Return a rename candidate where a column vanished and one of a like type appeared.

    It takes that nothing else of these types came or went, or names that resemble each other. Columns that appeared are those that
    `after` has beyond `before`, and those that `events` say wait outside the table.
    """
    added = [(f.name, str(f.type), "recorded") for f in after if before.find(f.name) is None and not is_sibling(f.name)]
    waiting = [e for e in events if (e.kind, e.outcome) == ("column_added", "quarantined") and "." not in e.column]
    added += [(e.column, e.after, e.outcome) for e in waiting]
    vanished = [(drift.column, drift.before, drift.policy) for drift in gone]
    if not added or len(added) * len(vanished) > MOST_PAIRS:
        return ()
    lost, found = Counter(kind for _, kind, _ in vanished), Counter(kind for _, kind, _ in added)
    pairs = [
        (_likeness(old, new) + (kind == now and lost[kind] == found[now] == 1), old, new, rule, outcome)
        for old, kind, rule in vanished
        for new, now, outcome in added
        if family(kind) == family(now)
    ]
    taken: set[str] = set()
    candidates = []
    for score, old, new, rule, outcome in sorted(pairs, reverse=True):
        if score >= ALIKE and not {f"-{old}", f"+{new}"} & taken:
            taken |= {f"-{old}", f"+{new}"}
            candidates.append(Drift("rename_candidate", new, old, new, rule, outcome))
    return tuple(candidates)


def _likeness(one: str, other: str) -> float:
    """Return how much two names resemble each other, from 0 to 1."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


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
