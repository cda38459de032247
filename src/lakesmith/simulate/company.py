"""Which company is simulated, how large it is, and how chance is drawn from its seed without remembering anything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from math import gcd
from random import Random
from typing import Final, TypeVar

BLOCK_ROWS: Final = 1_000
INIT_ROWS: Final = 5_000
DAILY_ROWS: Final = 2_000
LOG_LINES: Final = 5_000
MINUTES_PER_DAY: Final = 1_440
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
GHOST_ID: Final = 900_000_000  # ids from here on belong to nobody
_MASK: Final = (1 << 64) - 1
_TRAFFIC_BY_WEEKDAY: Final = (104, 108, 106, 103, 96, 64, 60)  # percent of the usual day, Monday first

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Company:
    """One demo company; equal values make equal bytes.

    Attributes:
        seed: Chooses the company.
        scale: Multiplies the rows of every file.
        start: Date of day 1, the first daily drop.

    Examples:
        >>> Company(scale=0.5).daily_rows
        1000
    """

    seed: int = 7
    scale: float = 1.0
    start: date = date(2026, 10, 1)

    def __post_init__(self) -> None:
        """Refuse a company without rows.

        Raises:
            ValueError: If `scale` is not above 0.
        """
        if not self.scale > 0:
            message = f"The scale of a company must be above 0, and is {self.scale}. Pass for example scale=1.0."
            raise ValueError(message)

    @property
    def init_rows(self) -> int:
        """Intact rows of each file that is delivered once."""
        return max(1, round(INIT_ROWS * self.scale))

    @property
    def daily_rows(self) -> int:
        """Intact rows of each CSV that is delivered every day."""
        return max(1, round(DAILY_ROWS * self.scale))

    def log_lines(self, day: int) -> int:
        """Intact lines of one day's log; weekends are quiet."""
        weekday = (self.date_number(day) + 3) % 7
        noise = mix(self.salt("log_lines") + day) % 7 - 3
        return max(1, round(LOG_LINES * self.scale * (_TRAFFIC_BY_WEEKDAY[weekday] + noise) / 100))

    def date_number(self, day: int) -> int:
        """Days from 1970-01-01 to day `day`."""
        return self.start.toordinal() - EPOCH_ORDINAL + day - 1

    def salt(self, kind: str) -> int:
        """A number that sets the draws of one kind apart from those of all others."""
        return _salt(self.seed, kind)

    def rng(self, kind: str, day: int, block: int) -> Random:
        """The random numbers of one block of one file."""
        return Random(f"{self.seed}/{kind}/{day}/{block}")


@lru_cache(maxsize=256)
def _salt(seed: int, kind: str) -> int:
    return int.from_bytes(blake2b(f"{seed}/{kind}".encode(), digest_size=8).digest(), "big")


def mix(number: int) -> int:
    """Return 64 well mixed bits of `number`: random access to chance (the finalizer of splitmix64)."""
    x = (number * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


@lru_cache(maxsize=256)
def stride(count: int) -> int:
    """Return a step that visits all of `count` places once before it comes back.

    Examples:
        >>> sorted(k * stride(10) % 10 for k in range(10)) == list(range(10))
        True
    """
    step = max(1, count * 618 // 1000)
    while gcd(step, count) != 1:
        step += 1
    return step


def by_share(shares: Sequence[tuple[T, int]]) -> tuple[T, ...]:
    """Return a table of 256 places in which every value has its share, so that one random byte picks from it.

    Examples:
        >>> by_share([("a", 192), ("b", 64)]).count("b")
        64
    """
    return tuple(value for value, share in shares for _ in range(share))


@dataclass(frozen=True, slots=True)
class Parts:
    """What a block of intact rows consists of, and the broken rows that come on top."""

    fresh: int
    older: int
    copies: int
    broken: int


@lru_cache(maxsize=256)
def parts(size: int, *, older: bool) -> Parts:
    """Return how a block of `size` intact rows is divided.

    Args:
        size: Intact rows of the block.
        older: Whether the table re-sends older versions of its keys.
    """
    copies = (size * 2 + 50) // 100
    late = (size + 50) // 100 if older else 0
    return Parts(size - copies - late, late, copies, max(1, size * 2 // 1_000))


def block_sizes(rows: int) -> Iterator[int]:
    """Yield the sizes of the blocks that `rows` rows are made in; all but the last are full."""
    yield from (BLOCK_ROWS for _ in range(rows // BLOCK_ROWS))
    if rows % BLOCK_ROWS:
        yield rows % BLOCK_ROWS


def entities(rows: int, *, older: bool = False) -> int:
    """Return how many different keys a file of `rows` intact rows delivers for the first time."""
    full, rest = divmod(rows, BLOCK_ROWS)
    return full * parts(BLOCK_ROWS, older=older).fresh + parts(rest, older=older).fresh
