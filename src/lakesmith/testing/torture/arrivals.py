"""What files do besides coming: they grow, are written anew, vanish, lie there half-written, and say late what their columns are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakesmith.testing.torture.deliveries import Delivery, load
from lakesmith.testing.torture.kinds import KINDS, Kind, Made
from lakesmith.testing.torture.ordeals import Ordeal
from lakesmith.testing.torture.truth import Truth

FOREVER_S = 1e9
"""A file is taken to be written still, however long ago it was changed."""
ONE_CHUNK = 1
CUT = ("zip", "parquet", "xml")
"""Kinds of which nothing can be read where the end is missing."""
LATE = 1000
"""The first number whose price has a fraction."""
WORDS = ("soon", "n/a", "?")


def _late(numbers: Sequence[int], _bad: int | None) -> Made:
    """Make a file whose numbers are whole for a time, and whose days are words."""
    rows = [{"id": number, "price": float(number) + number // LATE / 4, "day": f"d{number}"} for number in numbers]
    prices = [number if number < LATE else row["price"] for number, row in zip(numbers, rows, strict=True)]
    shown = [f"{row['id']},{price},{row['day']}\n" for row, price in zip(rows, prices, strict=True)]
    return Made("".join(["id,price,day\n", *shown]).encode(), rows)


def _worded(numbers: Sequence[int], _bad: int | None) -> Made:
    """Make a file with words where numbers were: they go into a column beside them."""
    rows: list[dict[str, Any]] = [{"id": number, "price": number + 0.25, "day": f"d{number}"} for number in numbers]
    rows += [{"id": 50_000 + number, "price__string": WORDS[number % len(WORDS)]} for number in numbers[:2]]
    shown = [f"{row['id']},{row.get('price', row.get('price__string'))},{row.get('day', '')}\n" for row in rows]
    return Made("".join(["id,price,day\n", *shown]).encode(), rows)


@dataclass(frozen=True, slots=True)
class LateTypes:
    """A load that assumes types from its first chunk, and begins anew when the files after it say otherwise; then a later load."""

    later: bool = False

    @property
    def name(self) -> str:
        """What is played, and which load."""
        return f"late types, {'later' if self.later else 'first'} load"

    def prepare(self, home: Path) -> None:
        """Write files of whole numbers, then some of fractions."""
        delivery = Delivery.of(home, Kind(".csv", _late))
        for number, first in enumerate((0, 100, 200, 2000, 2100)):
            delivery.write(f"{number}", first)
        delivery.truth.note(home)
        if self.later:
            self.act(home)
            self.grow(home, 0)

    def grow(self, home: Path, round_: int) -> None:
        """Bring numbers with words among them."""
        delivery = Delivery.of(home, Kind(".csv", _worded))
        delivery.write(f"later-{round_:04}", 10_000 + 100 * round_)
        delivery.truth.note(home)

    def act(self, home: Path) -> None:
        """Load with a sample of one chunk."""
        load(home, "append", {"files": "data/*.csv"}, sample_bytes=ONE_CHUNK)

    def check(self, home: Path) -> None:
        """Compare everything with the values that the files were made of."""
        Truth.of(home).check(home)


@dataclass(frozen=True, slots=True)
class Unrest:
    """A folder in which, between two loads, a file grows, one is written anew, one vanishes and two are half-written."""

    name: str = "growing, rewritten, vanished and half-written files"

    def prepare(self, home: Path) -> None:
        """Load four files, then let everything happen at once."""
        delivery = Delivery.of(home, KINDS["csv"])
        for number, name in enumerate(("changes", "grows", "goes", "stays")):
            delivery.write(name, 100 * number)
        delivery.truth.note(home)
        self.act(home)
        self._happen(home, 1)

    def grow(self, home: Path, round_: int) -> None:
        """End what was half-written, and let everything happen again."""
        delivery = Delivery.of(home, KINDS["csv"])
        for name in ("half", "packed"):
            for aside in (home / "rest").glob(f"{name}-*"):
                path = home / "data" / aside.name
                path.write_bytes(path.read_bytes() + aside.read_bytes())
                aside.unlink()
        for name, first in _halves(round_):
            made = self._whole(name, first)
            delivery.truth.became(f"{name}-{round_}", made)
        delivery.truth.note(home)
        self.act(home)
        self._happen(home, round_ + 1)

    def act(self, home: Path) -> None:
        """Load as a stream that takes rewritten files, and waits for those that may still be written."""
        said = {"files": ["data/*.csv", "data/*.csv.gz"], "on_rewrite": "reload", "settle_s": FOREVER_S}
        load(home, "dedupe", said)

    def check(self, home: Path) -> None:
        """Compare everything with the values that the files were made of; what is half-written counts as far as it must be read."""
        Truth.of(home).check(home)

    def _happen(self, home: Path, round_: int) -> None:
        delivery, first = Delivery.of(home, KINDS["csv"]), 10_000 * round_
        delivery.extend("grows", first)
        delivery.write("changes", first + 1000)
        delivery.write(f"goes-{round_}", first + 2000)
        gone = delivery.path("goes" if round_ == 1 else f"goes-{round_ - 1}")
        delivery.truth.went(gone.name.removesuffix(".csv"))
        gone.unlink()
        for name, number in _halves(round_):
            self._begin(delivery, name, number, round_)
        delivery.truth.note(home)

    def _begin(self, delivery: Delivery, name: str, first: int, round_: int) -> None:
        """Write a part of a file: of a text the first lines and half a line, of a packed one bytes that are no whole file."""
        made = self._whole(name, first)
        suffix = ".csv" if name == "half" else ".csv.gz"
        lines = made.content.splitlines(keepends=True)
        cut = sum(map(len, lines[:4])) + 5 if name == "half" else 12
        rest = delivery.home / "rest"
        rest.mkdir(exist_ok=True)
        (rest / f"{name}-{round_}{suffix}").write_bytes(made.content[cut:])
        (delivery.home / "data" / f"{name}-{round_}{suffix}").write_bytes(made.content[:cut])
        delivery.truth.wrote(f"{name}-{round_}", Made(b"", made.rows[:3] if name == "half" else ()))

    def _whole(self, name: str, first: int) -> Made:
        return KINDS["csv" if name == "half" else "csv.gz"].make(range(first, first + 7), None)


def _halves(round_: int) -> tuple[tuple[str, int], ...]:
    """Return the names of what is half-written in a round, and the numbers of their first records."""
    return ("half", 10_000 * round_ + 3000), ("packed", 10_000 * round_ + 4000)


@dataclass(frozen=True, slots=True)
class Growing:
    """A file that grows between loads under types that were assumed: what is read on is of the types the table has."""

    kind: str = "jsonl"

    @property
    def name(self) -> str:
        """What grows."""
        return f"growing {self.kind}"

    def prepare(self, home: Path) -> None:
        """Load the beginning of a file, and let it grow."""
        delivery = Delivery.of(home, KINDS[self.kind])
        delivery.write("a", 0)
        delivery.truth.note(home)
        self.act(home)
        self.grow(home, 0)

    def grow(self, home: Path, round_: int) -> None:
        """Add records at the end of the file."""
        delivery = Delivery.of(home, KINDS[self.kind])
        delivery.extend("a", 10_000 * (round_ + 1))
        delivery.truth.note(home)

    def act(self, home: Path) -> None:
        """Load what is new."""
        kind = KINDS[self.kind]
        load(home, "append", {"files": f"data/*{kind.suffix}", **kind.settings}, sample_bytes=ONE_CHUNK)

    def check(self, home: Path) -> None:
        """Compare everything with the values that the file was made of."""
        Truth.of(home).check(home)


@dataclass(frozen=True, slots=True)
class PutAside:
    """A delivery with a file that cannot be read at all, which is put aside as one record, and is loaded once it was mended."""

    kind: str = "zip"

    @property
    def name(self) -> str:
        """What cannot be read."""
        return f"broken {self.kind}"

    def prepare(self, home: Path) -> None:
        """Write a file that is sound and one that is cut off."""
        delivery = Delivery.of(home, KINDS[self.kind])
        delivery.write("a", 0)
        self._cut(delivery, 0)
        delivery.truth.note(home)

    def grow(self, home: Path, round_: int) -> None:
        """Mend the file that was cut off, and bring another such."""
        delivery = Delivery.of(home, KINDS[self.kind])
        delivery.write(f"cut-{round_ - 1}", 10_000 * round_)
        self._cut(delivery, round_)
        delivery.truth.note(home)

    def act(self, home: Path) -> None:
        """Load what is new; nothing is taken to be written still."""
        kind = KINDS[self.kind]
        load(home, "append", {"files": f"data/*{kind.suffix}", "settle_s": 0, **kind.settings}, sample_bytes=ONE_CHUNK)

    def check(self, home: Path) -> None:
        """Compare everything with the values that the files were made of; a file that was put aside is a record without a text."""
        Truth.of(home).check(home)

    def _cut(self, delivery: Delivery, round_: int) -> None:
        made = delivery.kind.make(range(7), None)
        delivery.path(f"cut-{round_}").write_bytes(made.content[: len(made.content) // 2])
        delivery.truth.wrote(f"cut-{round_}", Made(b"", (), ("",)))


ARRIVALS: tuple[Ordeal, ...] = (
    LateTypes(),
    LateTypes(later=True),
    Unrest(),
    Growing("jsonl"),
    Growing("log"),
    Growing("csv"),
    *map(PutAside, CUT),
)
