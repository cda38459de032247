"""The leads: a cohort arrives every day, and half of it moves through the funnel over the next week."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from lakesmith.simulate.blocks import Block, Columns, arrange
from lakesmith.simulate.companies import (
    LATE_IN_LATER_FILE,
    LATE_IN_SAME_FILE,
    OLDER_LABELS,
    ON_TIME,
    companies_before,
)
from lakesmith.simulate.company import BLOCK_ROWS, GHOST_ID, MINUTES_PER_DAY, Company, by_share, mix, parts
from lakesmith.simulate.words import (
    CAMPAIGNS,
    COMPANY_HEADS,
    FIRST_NAMES,
    NO_CAMPAIGN_QUALITY,
    SURNAME_HEADS,
    SURNAME_TAILS,
    UTM_TERMS,
    Campaign,
)

UTM_TERM_SINCE_DAY: Final = 3
_NONE: Final = Campaign("", 0, NO_CAMPAIGN_QUALITY, "", "", "/")
_CAMPAIGN: Final = by_share(
    [*((campaign, campaign.share) for campaign in CAMPAIGNS), (_NONE, 256 - sum(c.share for c in CAMPAIGNS))]
)
_LAG_DAYS: Final = by_share([(0, 120), (1, 60), (2, 32), (3, 20), (4, 14), (5, 10)])
# A cohort is cut at these hundredths; each piece moves on at these ages in days.
_JOURNEYS: Final = (
    (10, (1, 2, 4)),
    (15, (1, 2)),
    (30, (1, 5)),
    (35, (1,)),
    (45, (3, 7)),
    (50, (3,)),
    (100, ()),
)
_AGES: Final = (1, 2, 3, 4, 5, 7)
_FUNNEL: Final = ("new", "contacted", "qualified", "converted")
_LOST_PERCENT: Final = 60  # minus the quality of the campaign
_END_OF_REST: Final = {  # (where a lead rests, won, lost) -> where it ended
    ("qualified", True, False): "converted",
    ("qualified", True, True): "converted",
    ("contacted", False, True): "lost",
    ("contacted", True, True): "lost",
}
_MAX_LAG_DAYS: Final = 5
_FRIDAY: Final = 4
_FAULTY_PERCENT: Final = 2  # half of them without a company, half with one that does not exist


class Version(NamedTuple):
    """One version of one lead: step `step` of the journey of place `place` in the cohort that came on day `born`."""

    number: int
    born: int
    step: int
    steps: int
    day: int
    arrival: int = ON_TIME


def daily_leads(company: Company, day: int, block: int, size: int) -> Block:
    """Return one block of a day's new and advanced leads."""
    part = parts(size, older=True)
    rng = company.rng("leads", day, block)
    versions = _arrivals(company, day, block, size) + _advances(company, day, block, size)
    yesterday = _arrivals(company, day - 1, block, size) + _advances(company, day - 1, block, size) if day > 1 else []
    same_file = part.older - part.older // 2 if yesterday else part.older
    anchors = rng.sample(range(len(versions)), min(same_file, len(versions)))
    older = [versions[row]._replace(arrival=LATE_IN_SAME_FILE) for row in anchors]
    picked = rng.sample(yesterday, min(part.older - same_file, len(yesterday)))
    older += [version._replace(arrival=LATE_IN_LATER_FILE) for version in picked]
    after = {len(versions) + k: row for k, row in enumerate(anchors)}
    order = arrange(rng, len(versions) + len(older), part, after=after)
    labels = {OLDER_LABELS[LATE_IN_SAME_FILE]: len(anchors), OLDER_LABELS[LATE_IN_LATER_FILE]: len(picked)}
    return Block(_columns(company, day, versions + older), order, labels)


@lru_cache(maxsize=64)
def _cohorts(size: int, through: int) -> tuple[int, ...]:
    """Return the new leads of a block of `size` rows for each day: what the advances of earlier cohorts leave free."""
    cohorts: list[int] = []
    for day in range(1, through + 1):
        advances = sum(hi - lo for age in _AGES if age < day for lo, hi, _, _ in _pieces(cohorts[day - age - 1], age))
        cohorts.append(parts(size, older=True).fresh - advances)
    return tuple(cohorts)


def _pieces(cohort: int, age: int) -> list[tuple[int, int, int, int]]:
    """Return the pieces of a cohort that move at an age, as (from, to, step, steps of the whole journey)."""
    edges = [0, *(cohort * hundredths // 100 for hundredths, _ in _JOURNEYS)]
    return [
        (edges[k], edges[k + 1], ages.index(age) + 1, len(ages)) for k, (_, ages) in enumerate(_JOURNEYS) if age in ages
    ]


def _first_number(company: Company, day: int, block: int) -> int:
    full, rest = divmod(company.daily_rows, BLOCK_ROWS)
    of_block = _cohorts(BLOCK_ROWS, day)
    return 1 + full * sum(of_block[:-1]) + sum(_cohorts(rest, day)[:-1]) + block * of_block[-1]


def _arrivals(company: Company, day: int, block: int, size: int) -> list[Version]:
    first = _first_number(company, day, block)
    cohort = _cohorts(size, day)[-1]
    edges = [0, *(cohort * hundredths // 100 for hundredths, _ in _JOURNEYS)]
    return [
        Version(first + place, day, 0, len(ages), day)
        for k, (_, ages) in enumerate(_JOURNEYS)
        for place in range(edges[k], edges[k + 1])
    ]


def _advances(company: Company, day: int, block: int, size: int) -> list[Version]:
    versions: list[Version] = []
    for age in _AGES:
        if age < day:
            born = day - age
            first = _first_number(company, born, block)
            for lo, hi, step, steps in _pieces(_cohorts(size, born)[-1], age):
                versions += [Version(first + place, born, step, steps, day) for place in range(lo, hi)]
    return versions


def _columns(company: Company, day: int, versions: Iterable[Version]) -> Columns:
    rows = [_row(company, day, version) for version in versions]
    return tuple(list(column) for column in zip(*rows, strict=True))


def _row(company: Company, day: int, version: Version) -> tuple[int, int, str, str | None, str | None, str, int, int]:
    number = version.number
    luck = mix(company.salt("lead") + number)
    more = mix(luck)
    campaign = _CAMPAIGN[luck & 255]
    created = _created_at(company, version.born, luck >> 8)
    updated = _updated_at(company, version, created, more)
    first, head = FIRST_NAMES[(luck >> 40) % len(FIRST_NAMES)], SURNAME_HEADS[(luck >> 47) % len(SURNAME_HEADS)]
    tail = SURNAME_TAILS[(luck >> 53) % len(SURNAME_TAILS)]
    house = COMPANY_HEADS[(more >> 12) % len(COMPANY_HEADS)]
    email = f"{first}.{head}{tail}@{house}{number % 89}.example".lower()
    term = None if day < UTM_TERM_SINCE_DAY or more & 3 == 0 else UTM_TERMS[(more >> 2) & 7]
    return (
        number,
        _company_id(company, version.born, more),
        email,
        campaign.name or None,
        term,
        _status(version, campaign, more),
        created,
        updated,
    )


def _company_id(company: Company, born: int, luck: int) -> int:
    known = companies_before(company, born)
    fault = (luck >> 20) % 100
    if fault < _FAULTY_PERCENT:
        return fault * (GHOST_ID + luck % 1_000)
    return (luck >> 27) % known + 1


def _status(version: Version, campaign: Campaign, luck: int) -> str:
    """Return the status at this step; the better the campaign, the further a lead gets."""
    step = version.step - (version.arrival != ON_TIME)  # what comes late tells where the lead stood before
    if step < 0:
        return "new"
    won = (luck >> 33) % 100 < campaign.quality
    lost = (luck >> 42) % 100 < _LOST_PERCENT - campaign.quality
    if version.steps == 0:
        resting = ("new", "new", "contacted", "qualified")[(luck >> 50) % 4]
        return _END_OF_REST.get((resting, won, lost), resting)
    if step < version.steps:
        return _FUNNEL[step]
    return "converted" if won and step > 1 else "lost" if lost else _FUNNEL[step]


def _created_at(company: Company, born: int, luck: int) -> int:
    """Return a multiple of four minutes, up to five days before the delivery; fewer leads come on weekends."""
    lag = _LAG_DAYS[luck & 255]
    date = company.date_number(born) - lag
    weekday = (date + 3) % 7
    back = weekday - _FRIDAY if weekday > _FRIDAY and luck & 0x300 else 0
    if lag + back > _MAX_LAG_DAYS:
        back = 0
    return (date - back) * MINUTES_PER_DAY + 4 * ((luck >> 10) % 300)


def _updated_at(company: Company, version: Version, created: int, luck: int) -> int:
    if version.step == 0:
        return created + (version.arrival or 4 + 4 * (luck % 29))
    date = company.date_number(version.day) * MINUTES_PER_DAY
    if version.arrival:
        return date - MINUTES_PER_DAY + 1_320 + 4 * (luck % 30) + version.arrival
    return date + 420 + 2 * (mix(luck + version.step) % 400)
