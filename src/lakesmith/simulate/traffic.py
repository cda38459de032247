"""The requests to the web site: people with a daily rhythm and campaigns in their links, and robots."""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import Final

from lakesmith.simulate.blocks import Block
from lakesmith.simulate.company import BLOCK_ROWS, MINUTES_PER_DAY, Company, by_share, mix, parts
from lakesmith.simulate.sales import popular_product
from lakesmith.simulate.words import (
    ASSETS,
    BLOG_SLUGS,
    CAMPAIGNS,
    HUMAN_AGENTS,
    LOST_PAGES,
    REFERRERS,
    ROBOT_AGENTS,
)

PAGE, ASSET, OTHER = "page", "asset", "other"
_BY_HOUR: Final = (10, 7, 5, 4, 4, 7, 14, 30, 62, 88, 96, 92, 74, 84, 96, 94, 86, 70, 52, 44, 42, 38, 28, 17)
_RUNNING_HOURS: Final = tuple(accumulate(_BY_HOUR))
_MINUTE_PLACES: Final = 8_192
_ROBOT_PERCENT: Final = 15
_CAMPAIGN_PERCENT: Final = 24  # of the pages that people open
_NOT_MODIFIED, _NOT_FOUND = 304, 404
_KIND: Final = by_share([(PAGE, 166), (ASSET, 80), (OTHER, 10)])
_PLAIN_PAGE: Final = by_share([("/", 70), ("/pricing", 44), ("product", 74), ("blog", 46), ("/signup", 22)])
_PAGE_STATUS: Final = by_share([(200, 226), (304, 12), (301, 4), (404, 10), (500, 4)])
_UNSHARED: Final = 256 - sum(campaign.share for campaign in CAMPAIGNS)
_CAMPAIGN: Final = by_share([*((n, campaign.share) for n, campaign in enumerate(CAMPAIGNS)), (0, _UNSHARED)])

# client, minute, method, clean path, campaign number, other query, status, bytes, referrer, agent, is a robot, kind
Request = tuple[str, int, str, str, int | None, str | None, int, int | None, str, str, bool, str]


def _minutes() -> tuple[int, ...]:
    """Return a table that turns even luck into minutes of the day, busy hours first."""
    total = _RUNNING_HOURS[-1]
    table = []
    for place in range(_MINUTE_PLACES):
        load = place * total / _MINUTE_PLACES
        hour = bisect_right(_RUNNING_HOURS, load)
        table.append(hour * 60 + int(60 * (load - _RUNNING_HOURS[hour] + _BY_HOUR[hour]) / _BY_HOUR[hour]))
    return tuple(table)


_MINUTE_OF_DAY: Final = _minutes()


def daily_requests(company: Company, day: int, block: int, size: int) -> Block:
    """Return one block of a day's requests, in the order of time; requests have no copies."""
    rng = company.rng("requests", day, block)
    lines = company.log_lines(day)
    rows = [_request(company, day, (block * BLOCK_ROWS + k + rng.random()) / lines, rng) for k in range(size)]
    order = list(range(size))
    for _ in range(parts(size, older=False).broken):
        order.insert(rng.randrange(size), ~rng.randrange(size))
    return Block(tuple(list(column) for column in zip(*rows, strict=True)), order)


def _request(company: Company, day: int, luck: float, rng: Random) -> Request:
    bits = rng.getrandbits(64)
    minute = company.date_number(day) * MINUTES_PER_DAY + _MINUTE_OF_DAY[int(luck * _MINUTE_PLACES)]
    robot = bits % 100 < _ROBOT_PERCENT
    client, agent = _visitor(company, day, rng.random(), robot=robot)
    kind = _KIND[(bits >> 8) & 255]
    if kind == ASSET and not robot:
        path, query = ASSETS[(bits >> 16) & 7]
        return (
            client,
            minute,
            "GET",
            path,
            None,
            query,
            200,
            400 + (bits >> 24) % 90_000,
            REFERRERS[4],
            agent,
            robot,
            ASSET,
        )
    if kind == OTHER:
        method, path, status = ("POST", "/signup", 200) if bits & 0x10000 else ("HEAD", "/", 200)
        return client, minute, method, path, None, None, status, (bits >> 24) % 900, "-", agent, robot, OTHER
    return _page_view(company, rng, bits, (client, minute, agent, robot))


def _page_view(company: Company, rng: Random, bits: int, who: tuple[str, int, str, bool]) -> Request:
    client, minute, agent, robot = who
    status = _PAGE_STATUS[(bits >> 16) & 255]
    campaign, query = None, None
    if status == _NOT_FOUND:
        path = LOST_PAGES[(bits >> 24) % len(LOST_PAGES)]
    elif not robot and (bits >> 24) % 100 < _CAMPAIGN_PERCENT:
        campaign = _CAMPAIGN[(bits >> 32) & 255]
        path = CAMPAIGNS[campaign].landing
    else:
        path = _path(company, rng, _PLAIN_PAGE[(bits >> 32) & 255], bits >> 40)
        query = "page=2" if (bits >> 56) == 0 else None
    size = None if status == _NOT_MODIFIED else 1_800 + (bits >> 40) % 60_000
    return client, minute, "GET", path, campaign, query, status, size, REFERRERS[(bits >> 57) & 7], agent, robot, PAGE


def _path(company: Company, rng: Random, page: str, luck: int) -> str:
    if page == "product":
        return f"/products/P{popular_product(company, rng.random()):07d}"
    if page == "blog":
        return f"/blog/{BLOG_SLUGS[luck % len(BLOG_SLUGS)]}"
    return page


def _visitor(company: Company, day: int, luck: float, *, robot: bool) -> tuple[str, str]:
    """Return address and agent; some visitors come back on other days, most do not."""
    pool = company.log_lines(day) // (120 if robot else 5) + 1
    place = int(pool * luck * luck)
    seen = mix(
        company.salt("robot" if robot else "visitor") + (place if place % 3 == 0 else place + day * 0x1_0000_0001)
    )
    address = f"100.{64 + seen % 64}.{(seen >> 6) & 255}.{(seen >> 14) & 255}"
    agents = ROBOT_AGENTS if robot else HUMAN_AGENTS
    return address, agents[(seen >> 22) % len(agents)]
