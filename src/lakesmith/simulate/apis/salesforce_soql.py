"""As much of SOQL as a load speaks: SELECT fields FROM object WHERE comparisons ORDER BY fields LIMIT n."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

_QUERY: Final = re.compile(
    r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_WORDS: Final = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[()]|>=|<=|!=|<>|[=<>]|[^\s()=<>!]+)")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda has, wanted: has == wanted,
    "!=": lambda has, wanted: has != wanted,
    "<>": lambda has, wanted: has != wanted,
    ">": lambda has, wanted: has is not None and has > wanted,
    ">=": lambda has, wanted: has is not None and has >= wanted,
    "<": lambda has, wanted: has is not None and has < wanted,
    "<=": lambda has, wanted: has is not None and has <= wanted,
}
Record = Mapping[str, Any]


class SoqlError(Exception):
    """A query that Salesforce would refuse; the first argument is its error code."""


@dataclass(frozen=True, slots=True)
class Soql:
    """A query. `fields` are as they were written; `fits` says whether a record is among those asked for."""

    fields: tuple[str, ...]
    object: str
    fits: Callable[[Record], bool]
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None

    @property
    def is_count(self) -> bool:
        """Whether it only asks how many there are."""
        return self.fields == ("COUNT()",)

    def run(self, records: Sequence[Record]) -> list[Record]:
        """Return the records that fit, in order."""
        found = [record for record in records if self.fits(record)]
        for field, is_down in reversed(self.order):
            found.sort(key=lambda record: (record.get(field) is not None, record.get(field)), reverse=is_down)
        return found if self.limit is None else found[: self.limit]


def parse(text: str) -> Soql:
    """Return a query as a value.

    Raises:
        SoqlError: If it is none.
    """
    match = _QUERY.fullmatch(text)
    if match is None:
        raise SoqlError("MALFORMED_QUERY", "unexpected token")
    fields = tuple(field.strip() for field in match["fields"].split(","))
    order = []
    for part in (match["order"] or "").split(","):
        if part.strip():
            name, _, way = part.strip().partition(" ")
            order.append((name, way.strip().upper().startswith("DESC")))
    fits = _Where(_WORDS.findall(match["where"])).read() if match["where"] else lambda _record: True
    limit = int(match["limit"]) if match["limit"] else None
    return Soql(fields, match["object"], fits, tuple(order), limit)


class _Where:
    """Reads a condition by descent: OR of ANDs of comparisons, and brackets."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def read(self) -> Callable[[Record], bool]:
        found = self._joined("OR", lambda: self._joined("AND", self._one))
        if self._words:
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: {self._words[0]}")
        return found

    def _joined(self, word: str, part: Callable[[], Callable[[Record], bool]]) -> Callable[[Record], bool]:
        parts = [part()]
        while self._words and self._words[0].upper() == word:
            self._words.pop(0)
            parts.append(part())
        held = any if word == "OR" else all
        return lambda record: held(one(record) for one in parts)

    def _one(self) -> Callable[[Record], bool]:
        if len(self._words) > 1 and self._words[0] == "(":
            self._words.pop(0)
            inner = self._joined("OR", lambda: self._joined("AND", self._one))
            if not self._words or self._words.pop(0) != ")":
                raise SoqlError("MALFORMED_QUERY", "expecting a right parentheses")
            return inner
        try:
            field, sign, literal = (self._words.pop(0) for _ in range(3))
            compared, wanted = _COMPARED[sign], _literal(literal)
        except (IndexError, KeyError, RuntimeError, ValueError) as error:
            raise SoqlError("MALFORMED_QUERY", "unexpected token in WHERE") from error
        return lambda record: compared(record.get(field), wanted)


def _literal(word: str) -> Any:
    """Return a literal: texts have quotes, moments and days have none."""
    if word.startswith("'"):
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    if _MOMENT.match(word):
        return datetime.fromisoformat(word).astimezone(UTC)
    if _DAY.fullmatch(word):
        return date.fromisoformat(word)
    lower = word.lower()
    if lower in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[lower]
    return Decimal(word)
