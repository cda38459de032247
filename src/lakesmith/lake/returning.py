"""The names that columns get back with the rows and the position of an earlier snapshot."""

from __future__ import annotations

from dataclasses import replace

from lakesmith.model.types import Field, List, Map, Schema, Struct, Type

ASIDE = "added"
LONGEST = 63
"""The longest name PostgreSQL keeps."""


def returned(now: Schema, then: Schema) -> Schema:
    """Return the columns of a table as they are called once it is back at a snapshot.

    A position tells the source which names the table knows: rows read from an earlier one would land in other columns if these kept
    the names they were given since. Types stay as wide as they have become, and columns that came since stay, without values; one whose name
    is needed again steps aside.

    Args:
        now: The table's schema, with field ids.
        then: The schema the snapshot was committed with.
    """
    return Schema(_returned(now.fields, then.fields))


def _returned(now: tuple[Field, ...], then: tuple[Field, ...]) -> tuple[Field, ...]:
    old = {field.id: field for field in then}
    wanted = {field.name for field in then}
    taken = wanted | {field.name for field in now}
    made = []
    for field in now:
        before = old.get(field.id)
        if before is not None:
            said = replace(field, name=before.name, source_name=before.source_name, doc=before.doc)
            made.append(replace(said, type=_inside(field.type, before.type)))
        elif field.name in wanted:
            name = _aside(field.name, taken)
            taken.add(name)
            made.append(replace(field, name=name, source_name="", doc=f"What came as {field.name} before a rollback."))
        else:
            made.append(field)
    return tuple(made)


def _inside(now: Type, then: Type) -> Type:
    match now, then:
        case Struct(fields), Struct(before):
            return Struct(_returned(fields, before))
        case List(element), List(before_element):
            return replace(now, element=_inside(element, before_element))
        case Map(_, value), Map(_, before_value):
            return replace(now, value=_inside(value, before_value))
    return now


def _aside(name: str, taken: set[str]) -> str:
    """Return a name to step aside to, beside all that are taken."""
    number, suffix = 1, f"__{ASIDE}"
    while (aside := name[: LONGEST - len(suffix)] + suffix) in taken:
        number += 1
        suffix = f"__{ASIDE}_{number}"
    return aside
