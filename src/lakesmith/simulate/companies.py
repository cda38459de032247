"""The companies that buy: who exists on which day, and every version of each as a pure function of number and day."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from lakesmith.simulate.blocks import Block, Columns, arrange
from lakesmith.simulate.company import (
    BLOCK_ROWS,
    MINUTES_PER_DAY,
    Company,
    Parts,
    by_share,
    entities,
    mix,
    parts,
    stride,
)
from lakesmith.simulate.words import COMPANY_HEADS, COMPANY_MIDDLES, COMPANY_TAILS, COUNTRIES, INDUSTRIES

ON_TIME: Final = 0
LATE_IN_SAME_FILE: Final = 1
LATE_IN_LATER_FILE: Final = 3
OLDER_LABELS: Final = {LATE_IN_SAME_FILE: "older:same file", LATE_IN_LATER_FILE: "older:later file"}
_COUNTRY: Final = by_share(COUNTRIES)
_INSERT_SHARE: Final = 30  # percent of the rows of a day
_SIZES: Final = tuple(
    4 + n**7 // 86 // 10**15 for n in range(1_024)
)  # employees: half have less than 150, a few 13,000


class Version(NamedTuple):
    """One version of one company: what day `day` (0: before the first) made of it, and when it arrives.

    On time its minute is even, late ones have minutes of their own, so two versions never share a time.
    """

    number: int
    day: int
    arrival: int = ON_TIME


def companies_before(company: Company, day: int) -> int:
    """Return how many companies are known before day `day` begins (1: those of the init file)."""
    return entities(company.init_rows, older=True) + (day - 1) * _inserts_per_day(company)


def init_companies(company: Company, block: int, size: int) -> Block:
    """Return one block of the file of all companies at the start."""
    part = parts(size, older=True)
    first = 1 + block * parts(BLOCK_ROWS, older=True).fresh
    versions = [Version(number, 0) for number in range(first, first + part.fresh)]
    return _block(company, 0, block, part, versions, part.older)


def daily_companies(company: Company, day: int, block: int, size: int) -> Block:
    """Return one block of a day's inserts and updates."""
    part = parts(size, older=True)
    versions = _inserts(company, day, block, size) + _updates(company, day, block, size)
    return _block(company, day, block, part, versions, part.older - part.older // 2)


def _block(company: Company, day: int, block: int, part: Parts, versions: list[Version], same_file: int) -> Block:
    """Arrange versions, `same_file` older versions of their keys, and the older versions of yesterday's keys."""
    rng = company.rng("companies", day, block)
    anchors = rng.sample(range(len(versions)), min(same_file, len(versions)))
    older = [Version(versions[row].number, day, LATE_IN_SAME_FILE) for row in anchors]
    after = {len(versions) + k: row for k, row in enumerate(anchors)}
    rest = part.older - same_file
    if rest:
        yesterday = _delivered_yesterday(company, day, block, part)
        picked = rng.sample(yesterday, min(rest, len(yesterday)))
        older += [Version(number, before, LATE_IN_LATER_FILE) for number, before, _ in picked]
    rows = versions + older
    order = arrange(rng, len(rows), part, after=after)
    return Block(
        _columns(company, rows),
        order,
        {OLDER_LABELS[LATE_IN_SAME_FILE]: len(anchors), OLDER_LABELS[LATE_IN_LATER_FILE]: len(older) - len(anchors)},
    )


def _delivered_yesterday(company: Company, day: int, block: int, part: Parts) -> list[Version]:
    size = part.fresh + part.older + part.copies
    if day > 1:
        return _updates(company, day - 1, block, size)
    known = companies_before(company, 1)
    first = 1 + block * parts(BLOCK_ROWS, older=True).fresh
    return [Version(number, 0) for number in range(first, min(first + part.fresh, known + 1))]


def _split(size: int) -> tuple[int, int]:
    """Return the inserts and the updates of a block of `size` rows."""
    fresh = parts(size, older=True).fresh
    inserts = fresh * _INSERT_SHARE // 100
    return inserts, fresh - inserts


def _inserts_per_day(company: Company) -> int:
    full, rest = divmod(company.daily_rows, BLOCK_ROWS)
    return full * _split(BLOCK_ROWS)[0] + _split(rest)[0]


def _inserts(company: Company, day: int, block: int, size: int) -> list[Version]:
    first = 1 + companies_before(company, day) + block * _split(BLOCK_ROWS)[0]
    return [Version(number, day) for number in range(first, first + _split(size)[0])]


def _updates(company: Company, day: int, block: int, size: int) -> list[Version]:
    """Return the updates of one block: no company twice a day, each now and then."""
    known = companies_before(company, day)
    step = stride(known)
    first = mix(company.salt("updates") + day) % known + block * _split(BLOCK_ROWS)[1] * step
    return [Version((first + k * step) % known + 1, day) for k in range(_split(size)[1])]


def _columns(company: Company, versions: Iterable[Version]) -> Columns:
    rows = [_row(company, version) for version in versions]
    return tuple(list(column) for column in zip(*rows, strict=True))


def _row(company: Company, version: Version) -> tuple[int, str, str | None, str | None, int, int, str | None, int]:
    number, day, arrival = version
    born = mix(company.salt("company") + number)
    age = day - 1 if arrival else day
    head = COMPANY_HEADS[born % len(COMPANY_HEADS)]
    middle = COMPANY_MIDDLES[(born // 64 + _moves(born >> 8, age, every=3, period=30)) % len(COMPANY_MIDDLES)]
    tail = COMPANY_TAILS[(born >> 14) % len(COMPANY_TAILS)]
    name = f"{head} {middle}{tail}" if tail[0] == "," else f"{head} {middle} {tail}"
    country = (
        None
        if (born >> 20) % 37 == 0
        else _COUNTRY[((born >> 26) + 83 * _moves(born >> 34, age, every=9, period=40)) % 256]
    )
    industry = None if (born >> 32) % 29 == 0 else INDUSTRIES[(born >> 37) % len(INDUSTRIES)]
    employees = _SIZES[(born >> 40) % 1_024] + (born >> 50) % 7 + age * ((born >> 53) % 5) // 3
    revenue = max(1, employees * (7 + (born >> 56) % 25) // 9) * 100_000
    website = None if (born >> 44) % 19 == 0 else f"https://www.{head.lower()}-{middle.lower()}{number % 97}.example"
    return number, name, industry, country, max(1, employees), revenue, website, _updated_at(company, version)


def _moves(luck: int, age: int, *, every: int, period: int) -> int:
    """Return how often something has changed by day `age`; only every `every`-th company changes at all."""
    return 0 if luck % every else (max(0, age) + (luck >> 4) % period) // period


def _updated_at(company: Company, version: Version) -> int:
    number, day, arrival = version
    luck = mix(company.salt("company updated") + number * 1_000_003 + day)
    date = company.date_number(day) if day else company.date_number(1) - 2 - (luck >> 20) % 360
    if not arrival:
        return date * MINUTES_PER_DAY + 360 + 2 * (luck % 480)
    return (date - (1 if day else 7)) * MINUTES_PER_DAY + 4 * (luck % 360) + arrival
