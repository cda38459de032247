"""What the laws of a stream promise, worked out from the server's own words: which rows a load brings, and what bronze then holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.postgres.words import ASIDE, BESIDE, canon

if TYPE_CHECKING:
    import psycopg

    from lakesmith.testing.torture.postgres.cursors import CursorKind

Words = Mapping[int, str | None]
"""A row: the server's word for each value, by the number of its column."""
Line = tuple[tuple[str, str], ...]
"""A row of bronze: its values that are not null, by column, in the one way."""

SHOWN = 60
"""Characters of a value that a message shows."""

_COLUMNS = (
    "select attnum::int, attname::text, format_type(atttypid, atttypmod) from pg_attribute "
    "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum"
)
_LEAVES = "select inhrelid::bigint from pg_inherits where inhparent = %s::regclass"
_KEYS = "select max(cardinality(conkey)) from pg_constraint where conrelid = %s::regclass and contype = 'p'"
_FAMILIES = {"integer": "whole", "bigint": "whole", "character varying": "text"}
_DIGITS = re.compile(r"\(\d+(,-?\d+)?\)")


def alike(before: str, now: str) -> bool:
    """Whether a type writes the values of another one as that did."""
    bare = _DIGITS.sub("", before)
    return before == now or _FAMILIES.get(bare, bare) == _FAMILIES.get(now, now)


@dataclass(frozen=True, slots=True)
class Sight:
    """A table in one snapshot, as the server itself words it: names and types by column number, and all rows."""

    names: Mapping[int, str]
    types: Mapping[int, str]
    rows: tuple[Words, ...]
    homes: tuple[int, ...] = ()
    """The partition of each row, by its oid; empty where nothing is parted."""
    leaves: frozenset[int] = frozenset()
    is_unique: bool = True
    """Whether the server keeps the key unique by itself."""

    def line(self, row: Words) -> Line:
        """Return a row as bronze must have it."""
        told = {self.names[n]: canon(word) for n, word in row.items()}
        return tuple(sorted((name, text) for name, text in told.items() if text is not None))

    def number(self, name: str) -> int:
        """Return the number of a column."""
        return next(n for n, known in self.names.items() if known == name)


def look(session: psycopg.Connection[Any], key: str, table: str) -> Sight:
    """Return a table as the snapshot `key` has it."""
    with session.transaction():
        session.execute(f"set transaction isolation level repeatable read; set transaction snapshot '{key}'".encode())
        found = session.execute(_COLUMNS, (table,)).fetchall()
        shown = ", ".join(f'"{name}"::text' for _number, name, _kind in found)
        rows = session.execute(f"select tableoid::bigint, {shown} from {table}".encode()).fetchall()  # noqa: S608 - our own names
        leaves = session.execute(_LEAVES, (table,)).fetchall()
        [(keys,)] = session.execute(_KEYS, (table,)).fetchall()
    numbers = [number for number, _name, _kind in found]
    return Sight(
        {number: name for number, name, _kind in found},
        {number: kind for number, _name, kind in found},
        tuple(dict(zip(numbers, row[1:], strict=True)) for row in rows),
        tuple(row[0] for row in rows),
        frozenset(oid for (oid,) in leaves),
        is_unique=keys == 1,
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """What bronze must hold of one stream, and where its cursor stands.

    `names` are the columns' names at the last load that brought something, `window` the rows that it looks back on next, `told` how
    they are told apart: columns with their types. `newest` is the current row of each key. `may` are the errors by which the next
    load may be refused.
    """

    mode: str
    kind: CursorKind
    begun: bool = False
    names: Mapping[int, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    newest: Mapping[str, Line] = field(default_factory=dict)
    last: Any = None
    window: tuple[Words, ...] = ()
    told: frozenset[tuple[int, str]] = frozenset()
    leaves: frozenset[int] = frozenset()
    """The partitions that it was read from."""
    new: int = 0
    moves: bool = False

    def after(self, sight: Sight, stamp: str, key: str, *, rebuild: bool = False) -> Promise | str:
        """Return what must hold after a load in a snapshot, or the error by which it must be refused."""
        if self.mode == "replace":
            if not sight.rows and self.lines and not rebuild:
                return "EmptiedError"
            return Promise(self.mode, self.kind).grown(sight, sight.rows, key)
        at = sight.number(stamp)
        base = Promise(self.mode, self.kind) if rebuild else self
        seen = [(self.kind.value(row[at]), row) for row in sight.rows]
        if base.was_joined(sight, [value for value, _row in seen]):
            return "SourceDataError"
        news = base.news([(value, row) for value, row in seen if value is not None], sight)
        if isinstance(news, str):
            return news
        values = [value for value, _row in seen if value is not None]
        last = max([*values, base.last] if base.last is not None else values, default=None)
        if not news and base.begun:
            return replace(base, new=0, moves=False)
        window = tuple(row for value, row in seen if last is not None and base.kind.is_held(value, last))
        grown = base.grown(sight, news, key)
        return replace(grown, last=last, window=window, told=frozenset(sight.types.items()), leaves=sight.leaves)

    def was_joined(self, sight: Sight, values: Sequence[Any]) -> bool:
        """Whether partitions came that have rows before the window: nobody knows whether the lake holds them."""
        came = sight.leaves - self.leaves if self.leaves and self.last is not None else frozenset()
        return any(
            home in came and value is not None and value < self.last and not self.kind.is_held(value, self.last)
            for home, value in zip(sight.homes, values, strict=False)
        )

    def news(self, seen: Sequence[tuple[Any, Words]], sight: Sight) -> list[Words] | str:
        """Return the rows that a cursor promises: all above its last value, and those of its window that were not there before."""
        if self.last is None:
            return [row for _value, row in seen]
        back = [row for value, row in seen if self.kind.is_held(value, self.last)]
        above = [row for value, row in seen if value > self.last]
        if not all(alike(kind, sight.types.get(number, "")) for number, kind in self.told):
            if self.mode == "dedupe":
                return [*back, *above]
            return self._untold(back, above, sight)
        numbers = [number for number, _kind in self.told]
        held = Counter(_part(row, numbers) for row in self.window)
        late = []
        for row in back:
            part = _part(row, numbers)
            held[part] -= 1
            if held[part] < 0:
                late.append(row)
        if late and self.mode == "dedupe" and not sight.is_unique:
            return [*back, *above]  # in their order, as two may have the same key
        return [*late, *above]

    def _untold(self, back: list[Words], above: list[Words], sight: Sight) -> list[Words] | str:
        """Return what comes where a column is gone, or of another type, by which the window's rows were told apart."""
        left = [number for number, kind in self.told if alike(kind, sight.types.get(number, ""))]
        same = Counter(_part(row, left) for row in back) == Counter(_part(row, left) for row in self.window)
        return above if same else "SourceDataError"

    def grown(self, sight: Sight, rows: Iterable[Words], key: str) -> Promise:
        """Return a promise with more rows, its columns under the names that they have now."""
        moved = self._moves(sight.names)
        lines = [_moved(line, moved) for line in self.lines] if moved else list(self.lines)
        newest = {at: _moved(line, moved) for at, line in self.newest.items()} if moved else dict(self.newest)
        new = [sight.line(row) for row in rows]
        newest.update({dict(line)[key]: line for line in new})
        return replace(
            self, begun=True, names=sight.names, lines=(*lines, *new), newest=newest, new=len(new), moves=True
        )

    def _moves(self, names: Mapping[int, str]) -> dict[str, str]:
        """Return the new names of bronze's columns by their present ones, where columns are called `names` now."""
        renamed = {old: names[n] for n, old in self.names.items() if n in names and names[n] != old}
        known = {name for line in self.lines for name, _text in line}
        stale = {new for new in renamed.values() if new in known and new not in renamed}
        # what stepped aside for a column goes where that column goes
        asides = {f"{old}{ASIDE}": f"{new}{ASIDE}" for old, new in renamed.items()}
        return {**asides, **renamed, **{name: f"{name}{ASIDE}" for name in stale}}

    def under(self, names: Mapping[int, str]) -> Promise:
        """Return it with its columns under other names: a build that is cut off may have renamed them, and brought no row yet.

        The next build, which may be cut off too, renames on from there: under one name after the other a column may step aside
        that keeps its place when it gets the last name at once.
        """
        moved = self._moves(names)
        return replace(
            self,
            names={**self.names, **names},
            lines=tuple(_moved(line, moved) for line in self.lines),
            newest={at: _moved(line, moved) for at, line in self.newest.items()},
        )

    def check(self, rows: Sequence[Mapping[str, Any]] | None) -> None:
        """Compare bronze with it.

        Raises:
            BrokenError: If a row is lost, doubled or wrong, or a number is given twice.
        """
        got = [_line_of(row) for row in rows or ()]
        wanted, found = Counter(self.lines), Counter(got)
        if wanted != found:
            lost, more = list((wanted - found).elements()), list((found - wanted).elements())
            doubled = bool(more) and all(line in wanted for line in more)
            shown = "; ".join(
                f"{what} {len(lines)}, such as {_short(lines[0])}"
                for what, lines in (("lacks", lost), ("has more", more))
                if lines
            )
            raise BrokenError("lost" if lost else "doubled" if doubled else "wrong", f"{self.mode}: bronze {shown}")
        numbers = [row["_seq"] for row in rows or ()]
        if len(set(numbers)) != len(numbers):
            raise BrokenError("doubled", f"{self.mode}: two rows have the same _ls_seq")
        if self.mode != "dedupe":
            return
        ordered = [_line_of(row) for row in sorted(rows or (), key=lambda row: row["_seq"])]
        current = {dict(line)[self.names[1]]: line for line in ordered}
        if current != self.newest:
            wrong = [at for at in {*current, *self.newest} if current.get(at) != self.newest.get(at)]
            raise BrokenError(
                "current",
                f"{len(wrong)} keys, such as {wrong[0]}: {current.get(wrong[0])}, not {self.newest.get(wrong[0])}",
            )


def _line_of(row: Mapping[str, Any]) -> Line:
    return one_of_each((name, text) for name, text in row.items() if not name.startswith("_"))


def _part(row: Words, numbers: Iterable[int]) -> tuple[tuple[int, str | None], ...]:
    return tuple((number, row[number]) for number in sorted(numbers))


def _moved(line: Line, names: Mapping[str, str]) -> Line:
    return one_of_each((names.get(name, name), text) for name, text in line)


def one_of_each(line: Iterable[tuple[str, str]]) -> Line:
    """Return a line with one value for each column: several that stepped aside one after the other are told together."""
    told: dict[str, list[str]] = {}
    for name, text in line:
        told.setdefault(name, []).extend(text.split(BESIDE))
    return tuple(sorted((name, BESIDE.join(sorted(texts))) for name, texts in told.items()))


def _short(line: Line) -> dict[str, str]:
    return {name: text if len(text) < SHOWN else f"{text[:SHOWN]}…" for name, text in line}
