"""Tables that others load: what was seen of them last, judged now, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakesmith.api.existing import TableNews, tables_of_others
from lakesmith.model.watching import FRESH, LATE, UNKNOWN, UNWATCHED
from lakesmith.monitor.judging.health import worst
from lakesmith.pages.views.common import Health
from lakesmith.pages.views.listings import FreshLine, OtherLine

if TYPE_CHECKING:
    from lakesmith.api.viewing.desk import Desk

VERDICTS = {FRESH: "good", LATE: "warn", UNKNOWN: "unknown", UNWATCHED: "unknown"}


def others_of(desk: Desk, source: str = "") -> list[TableNews]:
    """Return the tables that others load, of one source or of all; found once for each look."""
    if "others" not in desk.known:
        found = tables_of_others(desk.shop, desk.history) if desk.shop.config.existing() else []
        desk.known["others"] = found
    known: list[TableNews] = desk.known["others"]
    return [one for one in known if source in ("", one.stream.partition(".")[0])]


def other_line(news: TableNews) -> OtherLine:
    """Return a table of others as a line."""
    verdict = VERDICTS[news.state]
    return OtherLine(news.stream, verdict, news.state, news.rows, news.loaded_at, news.seen_at, news.text)


def fresh_line(desk: Desk, news: TableNews) -> FreshLine:
    """Return how old a table of others is; what is promised is in the reason."""
    lag_s = (desk.now - news.loaded_at).total_seconds() if news.loaded_at else None
    return FreshLine(news.stream, VERDICTS[news.state], lag_s, None, news.text)


def health_of_other(news: TableNews) -> Health:
    """Return the health of a table that others load: nobody here has loaded or tested it."""
    fresh = VERDICTS[news.state]
    return Health(worst((fresh, "unknown")), "unknown", fresh, "unknown", news.text)


def state_of(found: Sequence[TableNews]) -> tuple[str, str]:
    """Return the word for the state of a source that others load, and why: the worst of its tables."""
    for state, word in ((LATE, "late"), (UNKNOWN, "unknown")):
        bad = [one for one in found if one.state == state]
        if bad:
            more = f", and {len(bad) - 1:,} more" if len(bad) > 1 else ""
            return word, f"others load it; {bad[0].stream} {bad[0].text}{more}"
    fresh = sum(one.state == FRESH for one in found)
    if fresh == len(found) and found:
        return "watched", f"others load it; {'its table is' if fresh == 1 else f'all {fresh:,} tables are'} fresh"
    return "unwatched", f"others load it; nothing promises how old {len(found) - fresh:,} of its tables may be"
