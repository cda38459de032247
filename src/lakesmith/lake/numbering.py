"""Field ids: given once, never reused, and known before the commit that makes them true."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lakesmith.model.types import (
    HOLE_FIELDS,
    INT,
    LONG,
    SYSTEM_FIELDS,
    Decimal,
    Field,
    List,
    Map,
    Scalar,
    Schema,
    Struct,
    Type,
    parts,
)

HOLES = Schema(HOLE_FIELDS)
PROMOTIONS = {(INT, LONG), (Scalar("float"), Scalar("double"))}


def number_schema(before: Schema | None, last_id: int, after: Schema) -> Schema:
    """Return the full schema with field ids: the table's columns, changed as `after` asks, new ones added, system columns last.

    A column of `after` is the table's column of the same id or, without an id, of the same name. Columns that `after` leaves out
    stay; the columns for holes come when `after` has them (see `with_holes`). Values the table has already are never read differently: only promotions are taken.

    Args:
        before: The table's schema; None for a table that does not exist yet.
        last_id: The highest field id ever given in the table; 0 for a new one.
        after: The data columns that are needed.

    Raises:
        ValueError: If a type changes in a way that is no promotion, a column takes a name that is kept for system columns, or two
            columns, or two parts of one, would have the same name, which no reader can open.
    """
    _check_names(after.fields)
    holes = tuple(f for f in HOLE_FIELDS if after.find(f.name) is not None)
    own = {f.name for f in (*SYSTEM_FIELDS, *holes)} | {f.name for f in (before or ()) if f.is_system}
    if taken := [f.name for f in after if f.is_system and f.name not in own]:
        raise ValueError(f"columns {taken} have names that are kept for system columns")
    ids = _Ids(last_id)
    known = before.fields if before is not None else ()
    system = _merge(tuple(f for f in known if f.is_system), (*SYSTEM_FIELDS, *holes), ids)
    data = _merge(tuple(f for f in known if not f.is_system), after.data.fields, ids)
    _check_names((*data, *system))
    return Schema((*data, *system))


def going_on(known: Schema | None, last_id: int, staged: Schema | None, after: Schema) -> tuple[Schema | None, int]:
    """Return the schema to number on, and the highest id given: what files of the same group were last written with, if there are any.

    Numbered on the table alone, a column would get another id as soon as a part is added to a new one before it.

    Args:
        known: The table's schema; None for a table that does not exist yet.
        last_id: The highest field id ever given in the table.
        staged: What the last stage of the group was numbered with. It is passed over if the table has other columns or has given its
            ids away since: whoever compares the ids sees it then.
        after: The data columns that are needed; those with an id may have another name than in the table.
    """
    if staged is None:
        return known, last_id
    mine = {field.id: field.name for field in all_fields(staged.fields)}
    table = {field.id: field.name for field in all_fields(known.fields)} if known is not None else {}
    renamed = {field.id for field in after}
    is_ours = all(mine.get(id_) == name or (id_ in renamed and id_ in mine) for id_, name in table.items())
    is_free = all(id_ > last_id for id_ in mine.keys() - table.keys())
    return (staged, max(last_id, *mine)) if is_ours and is_free else (known, last_id)


def all_fields(fields: Iterable[Field]) -> Iterator[Field]:
    """Yield columns and all their parts, the elements of lists and maps too, each with its field id."""
    for field in fields:
        yield field
        yield from all_fields(parts(field.type))


def _check_names(fields: tuple[Field, ...]) -> None:
    names = Counter(f.name for f in fields)
    if twice := sorted(name for name, times in names.items() if times > 1):
        raise ValueError(f"two columns have the same name: {twice}")
    for f in fields:
        _check_parts(f.type)


def _check_parts(type_: Type) -> None:
    match type_:
        case Struct(fields):
            _check_names(fields)
        case List(element):
            _check_parts(element)
        case Map(key, value):
            _check_parts(key)
            _check_parts(value)


def with_holes(after: Schema, receipts: Iterable[Schema] = (HOLES,)) -> Schema:
    """Return the columns that are needed, with those for holes if a receipt was written with them; no receipts named: with them.

    Examples:
        >>> with_holes(Schema()).names, with_holes(Schema(), ()).names
        (('_ls_unchanged', '_ls_prev_key'), ())
    """
    written = {name for receipt in receipts for name in receipt.names}
    return Schema((*after.data.fields, *(f for f in HOLE_FIELDS if f.name in written)))


class _Ids:
    """Gives out field ids above the highest ever used."""

    def __init__(self, last: int) -> None:
        self._counter = itertools.count(last + 1)

    def next(self) -> int:
        """Return the next free field id."""
        return next(self._counter)


def _merge(known: tuple[Field, ...], wanted: tuple[Field, ...], ids: _Ids) -> tuple[Field, ...]:
    merged = {f.id: f for f in known}
    claimed = {want.id for want in wanted}  # a column that goes on under another name leaves its old one free
    by_name = {f.name: f for f in known if f.id not in claimed}
    for want in wanted:
        old = merged.get(want.id) if want.id else by_name.get(want.name)
        fresh = _add(want, ids) if old is None else _change(old, want, ids)
        merged[fresh.id] = fresh
    return tuple(merged.values())


def _add(want: Field, ids: _Ids) -> Field:
    own_id = ids.next()  # before those of its parts
    return replace(want, id=own_id, type=_fresh(want.type, ids))


def _fresh(type_: Type, ids: _Ids) -> Type:
    match type_:
        case Struct(fields):
            return Struct(tuple(_add(part, ids) for part in fields))
        case List(element):
            element_id = ids.next()
            return List(_fresh(element, ids), element_id)
        case Map(key, value):
            key_id, value_id = ids.next(), ids.next()
            return Map(_fresh(key, ids), _fresh(value, ids), key_id, value_id)
    return type_


def _change(old: Field, want: Field, ids: _Ids) -> Field:
    try:
        type_ = _promote(old.type, want.type, ids)
    except _NotAPromotionError as error:
        raise ValueError(f"column {want.name!r} cannot go from {old.type} to {want.type} in place: {error}") from error
    return Field(
        want.name,
        type_,
        want.source_name or old.source_name,
        want.doc or old.doc,
        old.id,
        want.spelling or old.spelling,
    )


class _NotAPromotionError(Exception):
    pass


def _promote(old: Type, want: Type, ids: _Ids) -> Type:
    match old, want:
        case Struct(), Struct():
            return Struct(_merge(old.fields, want.fields, ids))
        case List(), List():
            return List(_promote(old.element, want.element, ids), old.element_id)
        case Map(), Map():
            if old.key != want.key:
                raise _NotAPromotionError("the keys of a map keep their type")
            return Map(old.key, _promote(old.value, want.value, ids), old.key_id, old.value_id)
    if may_read(old, want):
        return want
    raise _NotAPromotionError(f"{old} to {want}")


def may_read(written: Type, wanted: Type) -> bool:
    """Whether values written as one type are read right as the other; of nested types only the outside counts."""
    match written, wanted:
        case Decimal(), Decimal():
            return written.scale == wanted.scale and wanted.precision >= written.precision
        case (Struct(), Struct()) | (List(), List()) | (Map(), Map()):
            return True
    return written == wanted or (written, wanted) in PROMOTIONS
