"""Renames that the source proves: bronze follows them within the load, by field id, where the policy lets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pyarrow import Schema as ArrowSchema

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import RENAMED_KEY
from lakesmith.model.types import Field, Schema
from lakesmith.shape.merge import is_pinned, source_of
from lakesmith.shape.names import candidate, is_sibling, unique
from lakesmith.shape.policy import Policy
from lakesmith.shape.renaming import follow_renames


@dataclass(frozen=True, slots=True)
class Followed:
    """The columns after renames; the table's own columns likewise, None where there is no table; and what to tell."""

    columns: tuple[Field, ...]
    before: Schema | None
    drift: tuple[Drift, ...] = ()


def proven(schema: ArrowSchema) -> dict[str, str]:
    """Return the source's new names of columns by its old ones, as far as a batch proves them."""
    names = unique(schema.names)
    told = {name: (field.metadata or {}).get(RENAMED_KEY) for name, field in zip(names, schema, strict=True)}
    return {old.decode(): new for new, old in told.items() if old is not None}


def follow(columns: tuple[Field, ...], before: Schema | None, renamed: Mapping[str, str], policy: Policy) -> Followed:
    """Return what becomes of the columns of a load when the source has renamed some of them.

    Args:
        columns: The columns of the load so far.
        before: The table's data columns, None where there is no table.
        renamed: The source's new names by its old ones.
        policy: What the project says.

    Raises:
        DriftRefusedError: If the policy of one of them is `freeze`, or a masked column would be readable under its new name.
    """
    moves, waiting = {}, []
    for old, new in renamed.items():
        rule = policy.column(new, candidate(new)).on_drift or policy.drift_of(old, candidate(old))
        _refuse_clear(old, new, policy)
        known = _find(before, old)
        if known is None or rule == "ignore":
            continue
        if rule == "freeze" and (policy.pin is None or not is_pinned(policy, candidate(new))):
            raise _refused(known, new, policy)
        if rule != "quarantine":
            moves[known.name] = (new, rule)
        else:
            waiting.append(Drift("rename_candidate", candidate(new), known.name, candidate(new), rule, "quarantined"))
    if before is None or not moves:
        return Followed(columns, before, tuple(waiting))
    return _moved(columns, before, moves, tuple(waiting))


def _moved(
    columns: tuple[Field, ...], before: Schema, moves: Mapping[str, tuple[str, str]], told: tuple[Drift, ...]
) -> Followed:
    """Rename; a column that the pinned schema added under a new name gives way to the one that is called so now."""
    wanted = {old: new for old, (new, _) in moves.items()}
    after, names = follow_renames(before, wanted)
    grown = {f.name: f for f in columns if before.find(f.name) is not None}
    by_id = {f.id: f for f in before}
    kept = tuple(replace(f, type=grown.get(by_id[f.id].name, f).type) if f.id in by_id else f for f in after)
    added = tuple(f for f in columns if before.find(f.name) is None and after.find(f.name) is None)
    events = (
        Drift("renamed", names[old], old, names[old], rule, "renamed")
        for old, (_, rule) in moves.items()
        if names[old] != old
    )
    return Followed((*kept, *added), after, (*told, *events))


def _find(known: Schema | None, source_name: str) -> Field | None:
    own = [f for f in known or () if not is_sibling(f.name)]
    return next((f for f in own if source_of(f) == source_name), None)


def _place(policy: Policy, column: str) -> str:
    return f"stream {policy.stream}, column {column}" + (f" ({policy.where})" if policy.where else "")


def _refused(known: Field, new: str, policy: Policy) -> DriftRefusedError:
    name = candidate(new)
    ways = f"`on_drift: evolve` for {name} or this stream lets bronze follow"
    if policy.pin is not None:
        ways = f"write {name} in the place of {known.name} into {policy.pin.file}; or {ways}"
    return DriftRefusedError(
        f"The source renamed {known.name} to {name}, and its policy is freeze. Nothing was loaded.",
        where=_place(policy, known.name),
        fix=f"{ways}; run again",
    )


def _refuse_clear(old: str, new: str, policy: Policy) -> None:
    """Refuse a new name of a masked column of which the project says nothing: its values would come in clear.

    Raises:
        DriftRefusedError: If it is one.
    """
    if not policy.column(old, candidate(old)).mask or {new, candidate(new)} & policy.columns.keys():
        return
    raise DriftRefusedError(
        f"The source renamed {candidate(old)}, which is masked, to {candidate(new)}: its values would come in clear. Nothing was loaded.",
        where=_place(policy, candidate(new)),
        fix=f"say what {candidate(new)} is: `columns: {{{candidate(new)}: {{mask: hash}}}}`, or `{{on_drift: evolve}}` if it may be read",
    )
