r"""Logs in the W3C extended format, as IIS writes them: columns by `#Fields:`, values between blanks, times in UTC.

`-` is null. In a user agent `+` stands for a blank. Values in quotes, which IIS does not write, may hold blanks and `""` for a quote.
Without `date` and `time` there is no `requested_at`. Fields that are not in the table keep their name and are text.
"""

from __future__ import annotations

from functools import cache

import polars as pl
import pyarrow as pa

from lakesmith.sources.files.formats.logs.directives import DirectiveFormat
from lakesmith.sources.files.formats.logs.kinds import NUMBER, OPEN, TEXT, WHOLE, Kind, time
from lakesmith.sources.files.formats.logs.layout import Layout, Refine
from lakesmith.sources.files.formats.logs.plain import CLOCK, DAY, Part, Plain
from lakesmith.sources.files.formats.logs.variables import column_of

MOST_IN_ONE = 14
TIME = time("%Y-%m-%d %H:%M:%S%.f", has_dash=False)
QUOTES = r'^"(.*)"$'

FIELDS: dict[str, tuple[str, Kind]] = {
    "c-ip": ("client_ip", TEXT),
    "c-port": ("client_port", WHOLE),
    "cs-username": ("user_name", TEXT),
    "s-ip": ("server_ip", TEXT),
    "s-port": ("port", WHOLE),
    "s-sitename": ("site", TEXT),
    "s-computername": ("computer", TEXT),
    "cs-method": ("method", TEXT),
    "cs-uri": ("uri", TEXT),
    "cs-uri-stem": ("path", TEXT),
    "cs-uri-query": ("query", TEXT),
    "cs-version": ("protocol", TEXT),
    "cs-host": ("host", TEXT),
    "cs(Host)": ("host", TEXT),
    "cs(User-Agent)": ("user_agent", TEXT),
    "cs(Referer)": ("referrer", TEXT),
    "cs(Cookie)": ("cookie", TEXT),
    "sc-status": ("status", WHOLE),
    "sc-substatus": ("substatus", WHOLE),
    "sc-win32-status": ("win32_status", WHOLE),
    "sc-bytes": ("bytes", WHOLE),
    "cs-bytes": ("received_bytes", WHOLE),
    "time-taken": ("time_taken", NUMBER),
}


def columns_of(fields: str, table: dict[str, tuple[str, Kind]]) -> dict[str, tuple[str, Kind]]:
    """Return the fields of a `#Fields:` line, each with its column and kind; names that stand twice get a number."""
    taken: set[str] = set()
    by_name = {name.lower(): entry for name, entry in table.items()}
    columns: dict[str, tuple[str, Kind]] = {}
    for name in fields.lower().split():
        key = name if name not in columns else f"{name} {len(columns)}"
        columns[key] = column_of(name, by_name, taken)
    return columns


def chain_of(count: int, value: str, gap: str) -> tuple[str, ...]:
    """Return patterns for so many values, in groups `f0`, `f1` and so on."""
    chain = []
    for start in range(0, count, MOST_IN_ONE):
        last = min(start + MOST_IN_ONE, count)
        groups = gap.join(f"(?P<f{place}>{value})" for place in range(start, last))
        chain.append(f"^{groups}$" if last == count else f"^{groups}{gap}(?P<rest>.*)$")
    return tuple(chain)


def when_of(columns: dict[str, tuple[str, Kind]]) -> tuple[dict[str, Kind], Refine]:
    """Return the columns of a file and what makes them of its groups: day and time of day become one instant."""
    places = {name: f"f{place}" for place, name in enumerate(columns)}
    kinds = dict(columns.values())
    has_when = "date" in columns and "time" in columns
    if has_when:
        kinds = {"requested_at": TIME, **{name: kind for name, kind in kinds.items() if name not in ("date", "time")}}

    def refine(frame: pl.DataFrame) -> pl.DataFrame:
        when = [pl.concat_str(places["date"], places["time"], separator=" ").alias("requested_at")] if has_when else []
        named = [pl.col(places[name]).alias(column) for name, (column, _) in columns.items()]
        return frame.select("number", "line", "fits", *named, *when)

    return kinds, refine


@cache
def layout_of(fields: str) -> Layout:
    """Return how the lines are written that follow a `#Fields:` line."""
    columns = columns_of(fields, FIELDS)
    kinds, rename = when_of(columns)

    def refine(frame: pl.DataFrame) -> pl.DataFrame:
        frame = rename(frame)
        texts = [name for name, kind in kinds.items() if kind in (TEXT, OPEN) and name in frame.columns]
        frame = frame.with_columns(pl.col(name).str.replace(QUOTES, "$1").str.replace_all('""', '"') for name in texts)
        agents = [pl.col(name).str.replace_all("+", " ", literal=True) for name in texts if name == "user_agent"]
        return frame.with_columns(agents)

    quick = chain_of(len(columns), r"[^ \t]+", r"[ \t]+")
    with_quotes = chain_of(len(columns), r'"(?:[^"]|"")*"|[^ \t"][^ \t]*', r"[ \t]+")
    label = "the W3C format with the columns that `#Fields:` names"
    return Layout(label, (quick, with_quotes), kinds, refine, plains=(_plain(columns, kinds),))


def _plain(columns: dict[str, tuple[str, Kind]], kinds: dict[str, Kind]) -> Plain:
    """Return lines without quotes and tabs."""
    has_when = "requested_at" in kinds
    when = {"date": Part("date", DAY, pa.date32()), "time": Part("time", CLOCK, pa.time64("us"))} if has_when else {}
    parts = tuple(when.get(name) or Part.of(column, kind.type) for name, (column, kind) in columns.items())
    agents = [pl.col("user_agent").str.replace_all("+", " ", literal=True)] if "user_agent" in kinds else []
    instant = (
        [pl.col("date").dt.combine(pl.col("time")).dt.replace_time_zone("UTC").alias("requested_at")]
        if has_when
        else []
    )
    sources = (*when, *(("user_agent",) if agents else ()))
    return Plain(parts, lambda frame: frame.select(*agents, *instant), sources)


FORMAT = DirectiveFormat(layout_of)
