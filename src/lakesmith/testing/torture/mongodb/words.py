"""Values by kind, the rare ones among them, names as bronze folds them, and cursors."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

FOLDED = {"userId": "user_id", "Total Price": "total_price", "größe": "grosse", "postCode": "post_code"}
"""Names whose columns are called otherwise."""
FIELDS = ("a", "b", "c", "d", "tags", "address", "userId", "Total Price", "größe")
PARTS = ("p", "q", "r", "postCode")
BASE_S = 1_767_225_600
OUTSIDE_MS = (-62_135_596_800_001, 253_402_300_800_000)
TEXTS = ("", "plain", "5", "5.0", "[1]", "{}", "null", "true", "ä ö 😀", "tab\tline\n", "NaN", "long " * 30, '"quoted"')
DECIMALS = (
    "1.50",
    "0",
    "-0",
    "1E+40",
    "NaN",
    "-Infinity",
    "12345678901234567890.123456789",
    "0.1234567890123",
    "-7.25",
)

Make = Callable[[random.Random], Any]


def _kinds() -> Mapping[str, Make]:
    from bson import Binary, DatetimeMS, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

    return {
        "int": lambda chance: chance.choice((0, 1, -7, 2**31 - 1, chance.randint(0, 999))),
        "long": lambda chance: Int64(chance.choice((2**53 + 1, -(2**63), 2**63 - 1, 2**40, 3))),
        "double": lambda chance: chance.choice((0.1, -0.0, 2.0, 1e300, float("nan"), float("-inf"), chance.random())),
        "string": lambda chance: chance.choice((*TEXTS, f"word {chance.randint(0, 99)}")),
        "bool": lambda chance: chance.random() < 0.5,  # noqa: PLR2004 - a coin
        "date": lambda chance: DatetimeMS(chance.choice((*OUTSIDE_MS, 0, -1, (BASE_S + chance.randint(0, 9999)) * 1000 + 7))),
        "objectId": lambda chance: ObjectId(chance.randbytes(12)),
        "decimal": lambda chance: Decimal128(chance.choice(DECIMALS)),
        "binary": lambda chance: chance.choice((b"", b"\x00\xff", chance.randbytes(5))),
        "uuid": lambda chance: Binary.from_uuid(UUID(int=chance.getrandbits(128))),
        "odd": lambda chance: chance.choice(
            (Regex("^a.*", "i"), Timestamp(7, 1), MinKey(), MaxKey(), Binary(b"xy", 128), None)
        ),
    }  # fmt: skip


PLAIN = ("int", "long", "double", "string", "bool", "date", "objectId", "decimal", "binary", "uuid", "odd")
DEEP = ("list", "lists", "mixed list", "objects", "object", "deep object", "empty")
KINDS = (*PLAIN, *DEEP)


def value(kind: str, chance: random.Random) -> Any:  # noqa: PLR0911 - a table of kinds
    """Return a value of a kind."""
    kinds = _kinds()

    def plain() -> Any:
        """Return a value that has no parts."""
        return kinds[chance.choice(PLAIN)](chance)

    def item() -> Any:
        """Return a value of the kind that lists mostly have."""
        return kinds["int" if chance.random() < 0.9 else chance.choice(PLAIN)](chance)  # noqa: PLR2004 - mostly

    match kind:
        case "list":
            return [item() for _ in range(chance.randint(0, 3))]
        case "lists":
            return [[item() for _ in range(chance.randint(0, 2))] for _ in range(chance.randint(0, 2))]
        case "mixed list":
            return [chance.choice((plain(), [], {}, {"p": 1}, None)) for _ in range(chance.randint(1, 3))]
        case "objects":
            return [{chance.choice(PARTS): item()} for _ in range(chance.randint(0, 3))]
        case "object":
            return {part: item() for part in PARTS if chance.random() < 0.6}  # noqa: PLR2004 - most of them
        case "deep object":
            return {"p": {"q": {"r": item()}, "postCode": chance.choice(([], {}, None, "x", [item()]))}, "q": plain()}
        case "empty":
            return chance.choice(([], {}, [[]], [None], [{}], {"p": None}, {"p": []}, {"p": {}}, None))
        case _:
            return kinds[kind](chance)


@dataclass(frozen=True, slots=True)
class CursorKind:
    """A type of cursor: a value at a moment, its rank (None for what it cannot stand at), and where its look-back begins."""

    name: str
    at: Callable[[int, random.Random], Any]
    rank: Callable[[Any], Any]
    look_back: str | int | None
    span: int = 0

    def lower(self, last: Any) -> Any:
        """Return the least rank that the next load looks at again."""
        return last if self.look_back is None else last - self.span


def cursors() -> tuple[CursorKind, ...]:
    """Return all types of cursors."""
    from bson import DatetimeMS, Decimal128, Int64, ObjectId, Timestamp

    def number(moment: int, chance: random.Random) -> Any:
        """Return a moment as a number of some type: all of them are one bracket."""
        return chance.choice((moment, Int64(moment), float(moment), Decimal128(str(moment))))

    def rank_of_number(found: Any) -> Any:
        """Return what a number is worth."""
        if isinstance(found, bool):
            return None
        if isinstance(found, Decimal128):
            found = found.to_decimal()
        known = isinstance(found, int | float | Decimal) and Decimal(found).is_finite()
        return Decimal(found) if known else None

    def object_id(moment: int, chance: random.Random) -> Any:
        """Return an object id of a second, of one of two machines."""
        return ObjectId((BASE_S + moment).to_bytes(4, "big") + bytes(7) + bytes([chance.randint(0, 1)]))

    dates = ("date", lambda moment, _: DatetimeMS((BASE_S + moment) * 1000), lambda found: int(found) if isinstance(found, DatetimeMS) else None)  # fmt: skip
    return (
        CursorKind(*dates, None),
        CursorKind(*dates, "30s", 30_000),
        CursorKind("number", number, rank_of_number, None),
        CursorKind("number", number, rank_of_number, 30, 30),
        CursorKind(
            "timestamp",
            lambda moment, chance: Timestamp(1000 + moment, chance.randint(0, 1)),
            lambda found: (found.time << 32) + found.inc if isinstance(found, Timestamp) else None,
            "30s",
            30 << 32,
        ),
        CursorKind(
            "objectId",
            object_id,
            lambda found: int.from_bytes(found.binary, "big") if isinstance(found, ObjectId) else None,
            "30s",
            30 << 64,
        ),
        CursorKind(
            "string",
            lambda moment, _: f"{moment:08}",
            lambda found: found if isinstance(found, str) else None,
            None,
        ),
    )
