"""What is known of the tables that others load: from the record, judged by the promise as it is now. Unknown is never fresh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Finding, StreamId
from lakesmith.model.watching import LATE, UNKNOWN, UNWATCHED, USABLE, WHOLE, Seen
from lakesmith.monitor.reading import History, TableRecord
from lakesmith.run.watching import look, watcher_of, zone_of
from lakesmith.run.workshop import Workshop


@dataclass(frozen=True, slots=True)
class TableNews:
    """A table that others load, as it was seen last (`seen_at`; None: never) and as that is judged now."""

    stream: str
    state: str
    text: str
    rows: int | None = None
    loaded_at: datetime | None = None
    seen_at: datetime | None = None


def tables_of_others(shop: Workshop, history: History) -> list[TableNews]:
    """Return the tables that others load, judged by what the newest runs saw."""
    records = history.newest_tables(shop.target.name)
    return [news for source in shop.config.existing() for news in _of_source(shop, source.name, records)]


def verdict_of(tables: Sequence[TableNews]) -> tuple[str, str] | None:
    """Return the worst state among tables and a sentence about it; None if none is late or unknown."""
    for state, words in ((LATE, "are late"), (UNKNOWN, "are not known to be fresh")):
        bad = [table for table in tables if table.state == state]
        if bad:
            more = f", and {len(bad) - 1} more {words}" if len(bad) > 1 else ""
            return state, f"{bad[0].stream} {bad[0].text}{more}; what is built on it keeps its last good version."
    return None


def findings(shop: Workshop, source: str) -> Iterator[Finding]:
    """Look at the tables now, and yield what there is to say about each."""
    yield from shop.source(source).check()
    for glance in look(shop, source):
        level = "ok" if glance.verdict.state in USABLE else "warning"
        rows = "" if glance.seen.rows is None else f"{glance.seen.rows:,} rows, "
        subject = source if glance.stream.name == WHOLE else str(glance.stream)
        yield Finding(level, subject, f"{rows}{glance.verdict.text}", "" if level == "ok" else "see who loads it")


def _of_source(shop: Workshop, source: str, records: Sequence[TableRecord]) -> Iterator[TableNews]:
    own = [record for record in records if StreamId.parse(record.stream).source == source]
    named = {str(spec.id) for spec in shop.config.sources[source].streams}
    if named:
        own = [record for record in own if record.stream in named]
    for record in own:
        yield _judged(shop, source, record)
    lacking = named - {record.stream for record in own} if named else (set() if own else {source})
    for name in sorted(lacking):
        yield TableNews(name, UNKNOWN, "was never looked at")


def _judged(shop: Workshop, source: str, record: TableRecord) -> TableNews:
    """Judge what a run saw: what was fresh then and would be late now was not looked at since."""
    told = (record.rows, record.loaded_at, record.seen_at)
    stream = StreamId.parse(record.stream)
    seen = Seen(stream, record.rows, record.loaded_at, record.fault)
    name = source if stream.name == WHOLE else record.stream
    try:
        watcher = watcher_of(shop, source)
        now, zone = shop.host.clock.now(), zone_of(shop)
        then = watcher.judge(seen, now=record.seen_at, zone=zone)
        today = watcher.judge(seen, now=now, zone=zone)
    except LakesmithError as error:
        return TableNews(name, UNKNOWN, f"cannot be judged: {error.what}", *told)
    if today.state == LATE and then.state != LATE:
        return TableNews(name, UNKNOWN, f"{today.text}; nobody has looked since", *told)
    if then.state in (UNKNOWN, UNWATCHED):
        return TableNews(name, then.state, then.text, *told)
    return TableNews(name, today.state, today.text, *told)
