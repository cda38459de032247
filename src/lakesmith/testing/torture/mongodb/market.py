"""The database of a history: its collection as one side knows it, and every version of every document that the server held."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.testing.torture.mongodb.oracle import at_path, key_of, read
from lakesmith.testing.torture.mongodb.server import TortureServer
from lakesmith.testing.torture.mongodb.themes import Theme
from lakesmith.testing.torture.mongodb.wire import CommandError, Wire
from lakesmith.testing.torture.mongodb.words import FIELDS, PLAIN, CursorKind, cursors, value
from lakesmith.testing.torture.servers.playing import REFUSED, Scene

PATHS = ("seen", "seen", "meta.seen")
ID_KINDS = (("objectId",), ("objectId",), ("int",), ("objectId", "int", "string", "double", "object", "uuid", "long"))
FIRST = (30, 100)
"""How many documents there are at the beginning, at least and at most."""
HABIT = 0.96
"""The share of a field's values that are of the kind it mostly has."""
REFUSALS = frozenset({9, 26, 27, 28, 48, 52, 73, 85, 86, 11000})
"""Codes of answers that may come of any command."""


@dataclass(slots=True)
class Version:
    """A document as the server held it from the moment `opened` on, until `closed`; `life` tells two of one `_id` apart."""

    key: str
    raw: bytes
    document: Mapping[str, Any]
    rank: Any
    opened: int
    life: int
    uuid: str
    """The number of the collection that had it."""
    closed: int | None = None

    def was_there(self, since: int, until: int) -> bool:
        """Whether it was there from one moment to another without a break."""
        return self.opened <= since and (self.closed is None or self.closed > until)

    def was_met(self, since: int, until: int) -> bool:
        """Whether it was there at some time between two moments."""
        return self.opened <= until and (self.closed is None or self.closed > since)


@dataclass(slots=True)
class Market(Scene):
    """A collection by its present name; `moment` is the newest cursor that was given out, `writes` counts what was written."""

    cursor: CursorKind
    path: str
    id_kinds: tuple[str, ...]
    table: str = "t"
    fields: list[str] = field(default_factory=lambda: list(FIELDS))
    habits: dict[str, str] = field(default_factory=dict)
    ids: list[Any] = field(default_factory=list)
    moment: int = 100
    boundary: int = 100
    """The newest moment when a load was planned last: what comes at it now shares its last value."""
    writes: int = 0
    names: int = 0
    now: int = 0
    """How often the server was looked at."""
    uuids: list[tuple[int, str]] = field(default_factory=list)
    """The collection's own numbers, with the moments they were met at."""
    versions: dict[int, list[Version]] = field(default_factory=dict)
    """By the number of what was written, all versions."""
    present: dict[str, Version] = field(default_factory=dict)
    lives: int = 0
    wire: Any = None

    def make(self) -> None:
        """Make the collection."""
        self.come_back()
        self.habits = {name: self.chance.choice(PLAIN) for name in self.fields}
        self.execute("create", {"create": self.table})
        self.insert("insert many", self.chance.randint(*FIRST))

    def leave(self) -> None:
        """Take the database away."""
        with contextlib.suppress(OSError, CommandError):
            self.come_back()
            self.wire({"dropDatabase": 1})
        if self.wire is not None:
            self.wire.close()

    def come_back(self) -> None:
        """Connect anew."""
        if self.wire is not None:
            with contextlib.suppress(OSError):
                self.wire.close()
        self.wire = Wire(self.server.port, self.database)

    def fresh_id(self) -> Any:  # noqa: PLR0911 - a table of types
        """Return an `_id` that nobody had; 5 and "5" are two."""
        from bson import Binary, Int64, ObjectId

        self.names += 1
        number = self.names
        match self.chance.choice(self.id_kinds):
            case "int":
                return number
            case "long":
                return Int64(number + 2**40)
            case "string":
                return str(self.chance.randint(1, number)) if self.chance.random() < 0.3 else f"id {number}"  # noqa: PLR2004
            case "double":
                return number + 0.5
            case "object":
                return {
                    "a": f"{number:08}"
                }  # the server orders whole numbers in objects otherwise by `min` than by `$sort`
            case "uuid":
                return Binary(number.to_bytes(16, "big"), 4)
            case _:
                return ObjectId(self.chance.randbytes(4) + number.to_bytes(8, "big"))

    def tick(self, most: int = 3) -> Any:
        """Return a new cursor value: at the newest moment, or a little later."""
        self.moment += self.chance.randint(0, most)
        return self.cursor.at(self.moment, self.chance)

    def late(self) -> Any:
        """Return a cursor value that lies back, within the look-back or beyond it."""
        return self.cursor.at(max(0, self.moment - self.chance.randint(1, 45)), self.chance)

    def at_the_boundary(self) -> Any:
        """Return the cursor value that the last load has probably stopped at."""
        return self.cursor.at(self.boundary, self.chance)

    def stray(self) -> Any:
        """Return what no cursor can stand at."""
        moment = self.cursor.at(self.moment, self.chance)
        return self.chance.choice((None, [moment], True, float("nan"), {"at": moment}))

    def some(self) -> dict[str, Any]:
        """Return a condition for one document, often a young one."""
        back = self.chance.choice((10, 40, 2000))
        return {"_id": {"$eq": self.chance.choice(self.ids[-back:])}}

    def written(self) -> int:
        """Return the number of one more thing that is written."""
        self.writes += 1
        return self.writes

    def a_value(self, name: str) -> Any:
        """Return a value for a field, mostly of the kind that it has."""
        from lakesmith.testing.torture.mongodb.words import KINDS

        usual = self.habits.setdefault(name, self.chance.choice(KINDS))
        return value(usual if self.chance.random() < HABIT else self.chance.choice(KINDS), self.chance)

    def document(self, seen: Any = ..., id_: Any = ...) -> dict[str, Any]:
        """Return a new document; `seen` is its cursor, one that is newer than all others if it is not given."""
        made = {"_id": self.fresh_id() if id_ is ... else id_, "w": self.written()}
        made |= {name: self.a_value(name) for name in self.fields if self.chance.random() < 0.7}  # noqa: PLR2004 - most of them
        at = self.tick() if seen is ... else seen
        *above, last = self.path.split(".")
        within = made.setdefault(above[0], {"note": "x"}) if above else made
        within[last] = at
        return made

    def insert(self, kind: str, count: int) -> None:
        """Insert so many documents by one command."""
        documents = [self.document() for _ in range(count)]
        self.ids += [one["_id"] for one in documents]
        self.execute(kind, {"insert": self.table, "documents": documents, "ordered": False})

    def execute(self, kind: str, command: Mapping[str, Any], database: str = "") -> bool:
        """Do one step, and note it; return whether it did anything.

        Raises:
            RuntimeError: If the server refuses what it should take.
        """
        try:
            said = self.wire(command, database)
        except CommandError as error:
            if error.code not in REFUSALS:
                raise RuntimeError(f"{kind} failed: {error}\n{command}") from error
            self.tell(f"{kind} refused by {error.code}: {command}")
            self.steps[REFUSED] += 1
            return False
        count = said.get("n", 1)
        self.tell(f"{kind}: {command} -- {count}")
        self.steps[kind if count else REFUSED] += 1
        return bool(count)

    def look(self) -> int:
        """Ask the server for all that it holds, and note what became of each document; return this moment."""
        self.now += 1
        uuid = self.wire.uuid(self.table)
        is_other = not self.uuids or self.uuids[-1][1] != uuid
        if is_other:
            self.uuids.append((self.now, uuid))
        held = {key_of(document): (raw, document) for raw, document in self._documents()}
        for key, version in list(self.present.items()):
            found = held.get(key)
            if is_other or found is None or found[0] != version.raw:
                version.closed = self.now
                if is_other or found is None:
                    del self.present[key]
        for key, (raw, document) in held.items():
            known = self.present.get(key)
            if known is None or known.closed is not None:
                self._open(key, raw, document, known)
        return self.now

    def was_called(self, since: int, until: int) -> set[str]:
        """Return the numbers that the collection had between two moments, an empty one where there was none."""
        before = [uuid for at, uuid in self.uuids if at <= since][-1:]
        return {*before, *(uuid for at, uuid in self.uuids if since < at <= until)}

    def _documents(self) -> Iterator[tuple[bytes, Mapping[str, Any]]]:
        known = {version.raw: version.document for version in self.present.values()}
        for raw in self.wire.documents(self.table):
            yield raw, known.get(raw) or read(raw)

    def _open(self, key: str, raw: bytes, document: Mapping[str, Any], before: Version | None) -> None:
        self.lives += before is None
        rank = self.cursor.rank(at_path(document, self.path.split(".")))
        life = self.lives if before is None else before.life
        version = Version(key, raw, document, rank, self.now, life, self.uuids[-1][1])
        self.present[key] = version
        self.versions.setdefault(document["w"], []).append(version)


@contextlib.contextmanager
def opened(server: TortureServer, seed: int, number: int, theme: Theme) -> Iterator[Market]:
    """Give the market of a seed for the length of a `with`; its cursor and its `_id`s are as the theme says."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    kinds = [one for one in cursors() if theme.looks_back in {None, one.look_back is not None}]
    kind, path, ids = chance.choice(kinds), chance.choice(PATHS), chance.choice(ID_KINDS)
    market = Market(server, f"market_{seed}_{number}", chance, kind, path, theme.ids or ids)
    try:
        market.make()
        yield market
    finally:
        market.leave()
