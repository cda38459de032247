"""The columns a load begins with: the table's, and what the pinned schema says beyond them where `freeze` holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lakesmith.errors import ProjectFileError
from lakesmith.model.shapes import Drift, Pin
from lakesmith.model.types import Field, List, Map, Schema, Struct, Type
from lakesmith.shape.merge import source_of
from lakesmith.shape.policy import Policy
from lakesmith.shape.relate import promotes


@dataclass(frozen=True, slots=True)
class Start:
    """The columns a load begins with, and what the pin changed about the table: a decision of a person, told like drift."""

    fields: tuple[Field, ...]
    drift: tuple[Drift, ...] = ()


def start_of(known: Schema | None, policy: Policy) -> Start:
    """Return what a load of a table with the columns of `known` (None: no table yet) begins with.

    Raises:
        ProjectFileError: If the pin asks for a type that the table cannot take any more.
    """
    old = known.data.fields if known is not None else ()
    if policy.pin is None or "freeze" not in policy.rules:
        return Start(old)
    wanted = [f for f in policy.pin.schema if policy.drift_of(source_of(f), f.name) == "freeze"]
    after = _merged(policy.pin, old, wanted, "")
    return Start(after, () if known is None else tuple(_changes(old, after, "")))


def differences(known: Schema, pin: Pin) -> list[str]:
    """Return how a pinned schema differs from the table, in words: what is in one of them only, and types that differ."""
    table, pinned = _flat(known.data.fields), _flat(pin.schema.fields)
    texts = [f"{path} ({pinned[path]}) is pinned and not in the table yet" for path in pinned if path not in table]
    texts += [f"{path} ({table[path]}) is in the table and not pinned" for path in table if path not in pinned]
    texts += [
        f"{path} is {table[path]} in the table, and pinned as {pinned[path]}"
        for path in pinned
        if path in table and "" not in (table[path], pinned[path]) and table[path] != pinned[path]
    ]
    return texts


def _flat(fields: Sequence[Field], path: str = "") -> dict[str, str]:
    """Return types by dotted path; siblings, which no pin has, are left out."""
    flat: dict[str, str] = {}
    for item in fields:
        if "__" not in item.name:
            inner = item.type
            while isinstance(inner, (List, Map)):
                inner = inner.element if isinstance(inner, List) else inner.value
            parts = inner.fields if isinstance(inner, Struct) else ()
            flat[path + item.name] = _outside(item.type)
            flat |= _flat(parts, f"{path}{item.name}.")
    return flat


def _outside(kind: Type) -> str:
    """Return a type without the parts of its structs, which are compared one by one."""
    if isinstance(kind, Struct):
        return "struct"
    if isinstance(kind, List):
        return f"list<{_outside(kind.element)}>"
    return f"map<string, {_outside(kind.value)}>" if isinstance(kind, Map) else str(kind)


def _merged(pin: Pin, known: Sequence[Field], wanted: Sequence[Field], path: str) -> tuple[Field, ...]:
    out = {f.name: f for f in known}
    for want in wanted:
        old = out.get(want.name)
        if old is None:
            out[want.name] = want
        else:
            kind = _reached(pin, old.type, want.type, path + want.name)
            out[want.name] = replace(
                old, type=kind, source_name=want.source_name or old.source_name, spelling=want.spelling or old.spelling
            )
    return tuple(out.values())


def _reached(pin: Pin, known: Type, wanted: Type, path: str) -> Type:
    """Return the type a column of `known` gets so that it holds what is pinned; field ids stay."""
    if isinstance(known, Struct) and isinstance(wanted, Struct):
        return Struct(_merged(pin, known.fields, wanted.fields, f"{path}."))
    if isinstance(known, List) and isinstance(wanted, List):
        return replace(known, element=_reached(pin, known.element, wanted.element, path))
    if isinstance(known, Map) and isinstance(wanted, Map):
        return replace(known, value=_reached(pin, known.value, wanted.value, path))
    if known == wanted or promotes(known, wanted):
        return wanted
    raise ProjectFileError(
        f"{path} is pinned as {wanted}, but the table has {known}: a type in the lake only ever widens.",
        where=pin.place(path),
        fix=f"write `type: {known}` there, or load the stream into a new table",
    )


def _changes(old: Sequence[Field], after: Sequence[Field], path: str) -> list[Drift]:
    before = {f.name: f for f in old}
    events = []
    for new in after:
        known = before.get(new.name)
        if known is None:
            events.append(Drift("column_added", path + new.name, "", str(new.type), "freeze", "added"))
        elif isinstance(known.type, Struct) and isinstance(new.type, Struct):
            events += _changes(known.type.fields, new.type.fields, f"{path}{new.name}.")
        elif known.type != new.type:
            events.append(Drift("type_widened", path + new.name, str(known.type), str(new.type), "freeze", "promoted"))
    return events
