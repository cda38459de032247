"""What a batch's columns say about their types; a long without a sign is the one case where the values have to be asked."""

from __future__ import annotations

from lakesmith.model.types import DOUBLE, LONG, Decimal, Type
from lakesmith.shape.arrow import Array, DataType, is_, pc
from lakesmith.shape.arrow_types import type_of

_UNSIGNED = Decimal(20, 0)
_GREATEST_LONG = 2**63 - 1


def seen_type(column: Array, known: Type | None) -> Type | None:
    """Return the type a column asks for, None if it says nothing. `known` is the type it has in the table, None if it is new.

    Unsigned longs are longs unless they hold greater values where the column is new.
    """
    kind = type_of(column.type)
    if is_.is_uint64(column.type):
        if known in (_UNSIGNED, DOUBLE):
            return known
        greatest = pc.max(column).as_py()
        if known is None and greatest is not None and greatest > _GREATEST_LONG:
            return _UNSIGNED
        return LONG
    return kind


def is_textual(kind: DataType) -> bool:
    """Whether an Arrow type is one of the layouts of text."""
    return bool(is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind))
