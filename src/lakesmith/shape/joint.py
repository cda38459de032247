"""The types of typed columns over a whole load: those the columns would have, had all of its values come at once.

A reader of JSON gives each batch the narrowest type its values have, so that prices may be whole numbers in one file and fractions in
the next. In the load that makes a table neither is a change, and neither order may give other columns: whole numbers and fractions make
a double, and a list that was empty at first is a list of what came later. Whole numbers that no double holds go beside it, as always.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyarrow import RecordBatch

from lakesmith.model.types import DOUBLE, INT, LONG, Field, List, Map, Struct, Type
from lakesmith.shape.merge import parts_within
from lakesmith.shape.names import unique
from lakesmith.shape.profile import is_text
from lakesmith.shape.relate import promotes
from lakesmith.shape.seen import seen_type
from lakesmith.shape.words import split_words

_WHOLE = (INT, LONG)


class JointTypes:
    """The joint type of every typed column of any number of batches, by source name. Memory does not grow with rows."""

    def __init__(self) -> None:
        self.types: dict[str, Type] = {}

    def observe(self, batch: RecordBatch) -> None:
        """Take in the types of one batch."""
        batch, _ = split_words(batch)
        for name, arrow_field, column in zip(unique(batch.schema.names), batch.schema, batch.columns, strict=True):
            kind = None if is_text(arrow_field) else seen_type(column, None)
            if kind is not None:
                self.types[name] = join(self.types.get(name, kind), kind)


def join(one: Type, other: Type) -> Type:
    """Return the type of a column in which values of both came; `one` where only siblings can hold both.

    Examples:
        >>> str(join(List(LONG), List(DOUBLE)))
        'list<double>'
    """
    if isinstance(one, Struct) and isinstance(other, Struct):
        parts = {part.name: part for part in one.fields}
        for part in other.fields:
            known = parts.get(part.name)
            parts[part.name] = (
                part if known is None else Field(part.name, join(known.type, part.type), part.source_name)
            )
        return Struct(tuple(parts.values()))
    if isinstance(one, List) and isinstance(other, List):
        return List(join(one.element, other.element))
    if isinstance(one, Map) and isinstance(other, Map):
        return Map(one.key, join(one.value, other.value))
    if _is_fraction(one, other) or _is_fraction(other, one):
        return DOUBLE
    return other if promotes(one, other) else one


def has_new_fractions(before: Type, after: Type) -> bool:
    """Whether whole numbers of a type are doubles in the joint type it has become."""
    if isinstance(before, Struct) and isinstance(after, Struct):
        parts = {part.name: part.type for part in after.fields}
        return any(has_new_fractions(part.type, parts[part.name]) for part in before.fields)
    if isinstance(before, List) and isinstance(after, List):
        return has_new_fractions(before.element, after.element)
    if isinstance(before, Map) and isinstance(after, Map):
        return has_new_fractions(before.value, after.value)
    return _is_fraction(before, after)


def is_column(columns: Mapping[str, Field], path: str) -> bool:
    """Whether there is a column, or a part of one, under a dotted path."""
    fields = columns
    for name in path.split("."):
        if name not in fields:
            return False
        fields = {part.name: part for part in parts_within(fields[name].type)}
    return True


def _is_fraction(whole: Type, other: Type) -> bool:
    return whole in _WHOLE and other == DOUBLE
