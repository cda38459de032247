"""A column renamed by its field id: all that was ever loaded of it reads under the new name, and not one value moves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from lakesmith.errors import UsageError
from lakesmith.model.types import Field, Schema
from lakesmith.shape.names import candidate, fold, is_sibling, sibling_name
from lakesmith.shape.relate import family

ASIDE = "added"
"""Suffix of the sibling that keeps what came under the new name before the rename was accepted."""


def rename_column(schema: Schema, old: str, new: str) -> Schema:
    """Return the data columns with `old` renamed to `new`, and siblings with them; a column that is called `new` steps aside.

    Args:
        schema: The table's schema, with field ids.
        old: The column to rename, by its own name or the source's.
        new: What it is called from now on, by its folded name or the source's.

    Raises:
        UsageError: If there is no such column, or the two cannot be one column.
    """
    before = find_column(schema, old)
    if before is None or is_sibling(before.name):
        columns = ", ".join(f.name for f in schema.data if not is_sibling(f.name))
        raise UsageError(f"There is no column {old!r} to rename.", fix=f"the columns are {columns}")
    there = find_column(schema, new)
    name = there.name if there else candidate(new)
    if name == before.name:
        raise UsageError(f"{before.name} is called that already.", fix="name another column")
    if there is not None and family(str(there.type)) != family(str(before.type)):
        raise UsageError(
            f"{before.name} is {before.type} and {name} is {there.type}: one column cannot hold both.",
            fix=f"keep both columns, and bring them together in a model: coalesce(cast({before.name} as …), {name})",
        )
    moves = _moves(schema, {before.name: name}, {name})
    return Schema(tuple(_moved(f, moves, (before, there, new)) for f in schema.data))


def find_column(schema: Schema, name: str) -> Field | None:
    """Return the data column of that folded name, or else the one the source calls so."""
    return schema.data.find(name) or next(
        (f for f in schema.data if f.source_name == name and not is_sibling(f.name)), None
    )


def follow_renames(schema: Schema, renames: Mapping[str, str]) -> tuple[Schema, dict[str, str]]:
    """Return the data columns with several renamed at once, which may take each other's names, and the new names by the old.

    A column that stays and that the source once called by a new name steps aside: the source has another column of that name now.

    Args:
        schema: The table's schema, with field ids.
        renames: The source's new names by the folded names of columns.
    """
    own = [f for f in schema.data if not is_sibling(f.name)]
    staying = {f.source_name or f.name: f.name for f in own if f.name not in renames}
    stale = {source: name for source, name in staying.items() if source in renames.values()}
    names = dict(zip(renames, fold(tuple(renames.values()), known=staying), strict=True))
    gone = set(stale.values())
    moves = _moves(schema, names, gone)
    return Schema(tuple(_followed(f, moves.get(f.name, f.name), renames, gone) for f in schema.data)), names


def _followed(item: Field, name: str, renames: Mapping[str, str], gone: Collection[str]) -> Field:
    if item.name in renames:
        return replace(item, name=name, source_name=renames[item.name])
    if item.name in gone:  # without the source's name: what comes under that is another column
        doc = f"What came as {item.name} before another column was called so."
        return replace(item, name=name, source_name="", doc=doc)
    return replace(item, name=name)


def _moves(schema: Schema, renamed: Mapping[str, str], gone: Collection[str]) -> dict[str, str]:
    """Return the new names of columns and their siblings by their present ones: of those that are renamed, and of those that step aside."""
    moves = _with_siblings(schema, renamed)
    asides = {name: _free(schema, name, moves.values()) for name in sorted(gone)}
    return _with_siblings(schema, {**renamed, **asides})


def _with_siblings(schema: Schema, bases: Mapping[str, str]) -> dict[str, str]:
    moves = {}
    for name in schema.data.names:
        for base, now in bases.items():
            suffix = name.removeprefix(f"{base}__")
            if name == base:
                moves[name] = now
            elif suffix != name and not suffix.startswith(
                "_"
            ):  # `order___string` is beside `order_`, not beside `order`
                moves[name] = sibling_name(now, suffix)
    return moves


def _free(schema: Schema, new: str, taken: Collection[str]) -> str:
    """Return a name to step aside to: no column has it, nor gets it as the sibling of one that is renamed."""
    number, aside = 1, sibling_name(new, ASIDE)
    known = {*schema.names, *taken}
    while aside in known or any(name.startswith(f"{aside}__") for name in known):  # siblings step aside with it
        number += 1
        aside = sibling_name(new, f"{ASIDE}_{number}")
    return aside


def _moved(item: Field, moves: dict[str, str], renamed: tuple[Field, Field | None, str]) -> Field:
    before, there, new = renamed
    if item.name == before.name:
        return replace(item, name=moves[item.name], source_name=(there.source_name if there else "") or new)
    if there is not None and item.name == there.name:
        doc = f"What came as {there.name} before {before.name} was renamed to it."
        return replace(item, name=moves[item.name], doc=doc)
    return replace(item, name=moves.get(item.name, item.name))
