"""What tells the rows of a cursor's window apart: which columns, and the SQL of a fingerprint and of sums over them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lakesmith.model.streams import StreamSpec
from lakesmith.sources.postgres.catalog.values import Column
from lakesmith.sources.postgres.planning.cursors import literal
from lakesmith.sources.postgres.planning.known import Known, alike

LARGE_BYTES = 1_000_000
"""From this size on a value's hash stands in for it: the row that a fingerprint is taken of has to fit into one text of the server."""

_TEXTS = ("text", "varchar", "json", "jsonb", "xml")
_PARTED = " | "
_FAMILIES = {
    **dict.fromkeys(("smallint", "integer", "bigint"), "whole numbers"),
    **dict.fromkeys(("character varying", "text"), "texts"),
}
"""Type → those whose values are the same values, in the same order."""

_DIGITS = re.compile(r"\(\d+(,-?\d+)?\)")


@dataclass(frozen=True, slots=True)
class Ink:
    """How fingerprints are written: `large` and `salt` as a position keeps them."""

    large: int = 0
    salt: str = ""

    def mark(self, columns: Sequence[Column]) -> str:
        """Return the SQL expression that two rows share if these columns are written the same in both."""
        salt = f"{literal(self.salt)} || " if self.salt else ""
        row = f"{salt}row({self._written(columns)})::text"
        return f"encode(substring(sha256(convert_to({row}, 'UTF8')) from 1 for 16), 'hex')"

    def sums(self, columns: Iterable[Column], key: Sequence[Column], rows: str) -> str:
        """Return the query for the count of `rows` and a sum for each column, as texts: the same as long as no value is another one."""
        seed = int(self.salt[:15], 16) if self.salt else 0
        hashes = (f"hashtextextended(row({self._written((column, *key))})::text, {seed})" for column in columns)
        sums = "".join(f", coalesce(sum({one}), 0)::text" for one in hashes)
        return f"select count(*)::text{sums} from {rows}"  # noqa: S608 - names are quoted, values are literals

    def _written(self, columns: Iterable[Column]) -> str:
        return ", ".join(self._value(column) for column in columns)

    def _value(self, column: Column) -> str:
        name, type_ = column.quoted, column.type
        if not self.large:
            return name
        if type_.name == "bytea" and not type_.is_array:
            return f"case when octet_length({name}) > {self.large} then sha256({name}) else {name} end"
        if type_.is_array or type_.name in _TEXTS:
            long = f"octet_length({name}::text) > {self.large}"
            return (
                f"case when {long} then encode(sha256(convert_to({name}::text, 'UTF8')), 'hex') else {name}::text end"
            )
        return name


def sum_query(mark: str, rows: str) -> str:
    """Return the query for count and sum of the fingerprints `mark` of `rows`, as texts."""
    return f"select count(*)::text, coalesce(sum(('x' || left({mark}, 15))::bit(60)::bigint), 0)::text from {rows}"  # noqa: S608 - names are quoted, values are literals


def told_over(columns: Iterable[Column], written: Mapping[int, str]) -> tuple[str, ...]:
    """Return how a position names columns: what has another type, label or expression may write the same row in another way."""
    return tuple(
        f"{column.attnum} {column.type.shown}{_PARTED if written.get(column.attnum) else ''}{written.get(column.attnum, '')}"
        for column in columns
    )


def find_told(told_by: Sequence[str], known: Known) -> dict[int, Column]:
    """Return the columns that still write a row as they did, by their places in `told_by`."""
    columns = known.structure.readable
    now = {
        column.attnum: (column, told) for column, told in zip(columns, told_over(columns, known.written), strict=True)
    }
    found = {}
    for at, told in enumerate(told_by):
        column, still = now.get(int(told.partition(" ")[0]), (None, ""))
        if column is not None and _is_same(told, still):
            found[at] = column
    return found


def _is_same(before: str, now: str) -> bool:
    (told, _, marks), (told_now, _, marks_now) = before.partition(_PARTED), now.partition(_PARTED)
    type_, type_now = told.partition(" ")[2], told_now.partition(" ")[2]
    return is_written_alike(type_, type_now) and set(marks.split()) <= set(
        marks_now.split()
    )  # labels that were added write no row anew


def is_written_alike(before: str, now: str) -> bool:
    """Whether values of a type are written, and ordered, by another one as they were; one of fewer digits may have moved them."""
    if before == now:
        return True
    bare = _DIGITS.sub("", before)
    return _FAMILIES.get(bare, bare) == _FAMILIES.get(now, now)


def columns_of(told_by: Sequence[str], known: Known) -> tuple[Column, ...] | None:
    """Return the columns that fingerprints were taken over; None if one of them is gone or writes its values in another way."""
    found = find_told(told_by, known)
    return tuple(found.values()) if found and len(found) == len(told_by) else None


@dataclass(frozen=True, slots=True)
class Telling:
    """What tells the rows of a stream apart that is read now: its columns, those of them that are a key, and how they are written."""

    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    ink: Ink

    @classmethod
    def of(cls, stream: StreamSpec, known: Known, cursor: Column) -> Telling:
        """Return it. Masked columns are left out where a key does without them, and salted else: nobody shall look their values up."""
        chosen = {column.attnum: column for column in (*known.chosen(stream), cursor)}
        bare = {number: column for number, column in chosen.items() if not is_masked(stream, column)}
        key = known.key_among(bare.values())
        if len(bare) == len(chosen) or key:
            return cls(tuple(bare.values()), key, Ink(LARGE_BYTES))
        return cls(tuple(chosen.values()), known.key_among(chosen.values()), Ink(LARGE_BYTES, secrets.token_hex(16)))


def is_masked(stream: StreamSpec, column: Column) -> bool:
    """Whether the project masks a column, named as on the server or as in the lake."""
    return any(said.get("mask") and alike(name, column.name) for name, said in stream.columns.items())
