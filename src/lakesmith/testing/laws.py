"""The laws a source keeps, and the error that names a broken one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.testing.contents import Rows

LAWS: Mapping[str, str] = MappingProxyType(
    {
        "options": "`Options` and `StreamOptions` are frozen pydantic models, describe every key, and refuse the others",
        "light": "making a source and planning import no pyarrow, Polars, DuckDB, PyIceberg or pandas",
        "plan": "`splits` is deterministic, names each split once, and is empty when there is nothing new",
        "position": "a position is canonical JSON: sorted keys, no blanks, UTF-8",
        "batch": "`read` yields batches of bounded size, more than one over the whole sample",
        "repeat": "reading a split twice yields the same",
        "row": "what the source counted = rows + rejects + held, chunk by chunk",
        "contents": "bronze holds the records of the source, with their types, and quarantine holds the rest",
        "resume": "`advance` after any chunk gives a position from which exactly the rest is read",
        "growth": "records that were added, and only those, are read by the next load",
        "crash": "a load that is killed anywhere and run again loses nothing and doubles nothing",
        "error": "what goes wrong is a LakesmithError that says what, where and what to do, and no secret",
        "check": "`check` yields findings about every state of the source and raises nothing",
    }
)
SHOWN = 3


class ContractBrokenError(AssertionError):
    """A source breaks a law; the text begins with it."""

    def __init__(self, law: str, found: str) -> None:
        super().__init__(f"the {law} law is broken: {found}\n  the law: {LAWS[law]}")
        self.law = law


def require(law: str, held: object, found: str) -> None:
    """Go on if `held`.

    Raises:
        ContractBrokenError: If not.
    """
    if not held:
        raise ContractBrokenError(law, found)


def require_equal(law: str, what: str, expected: Rows, actual: Rows) -> None:
    """Go on if both hold the same rows, equally often.

    Raises:
        ContractBrokenError: If not; it counts what is lost and what is too many, and shows the first of each.
    """
    from lakesmith.testing.contents import canonical_rows

    compare(law, what, canonical_rows(expected), canonical_rows(actual))


def compare(law: str, what: str, expected: Iterable[Any], actual: Iterable[Any]) -> None:
    """Go on if both hold the same texts, equally often.

    Raises:
        ContractBrokenError: If not; it counts what is lost and what is too many, and shows the first of each.
    """
    wanted, got = Counter(expected), Counter(actual)
    lost, extra = wanted - got, got - wanted
    told = [
        f"{name.replace('_', ' ')}: {found.total()}, such as {'; '.join(sorted(map(str, found))[:SHOWN])}"
        for name, found in (("lost", lost), ("too_many", extra))
        if found
    ]
    require(law, not told, f"{what} ({wanted.total()} expected, {got.total()} found). {'. '.join(told)}")
