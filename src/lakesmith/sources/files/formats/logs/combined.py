r"""Web-server logs in the common and combined formats: one line per request, typed columns.

`-` and `""` mean no value. Escapes that the server wrote (`\"`, `\x16`) stay as they are; bytes that are no UTF-8 and control
characters are shown the same way. A request that is not HTTP keeps its text in `request`, without method and path.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from lakesmith.sources.files.formats.logs.kinds import CLF, RAW, TEXT, WHOLE, Kind
from lakesmith.sources.files.formats.logs.layout import Layout, quoted, word
from lakesmith.sources.files.formats.logs.plain import QUOTED, WORD, Part, Plain
from lakesmith.sources.files.formats.logs.reader import LayoutFormat
from lakesmith.sources.files.formats.logs.requests import PLAIN_REQUEST, derived_request, split_request

CLF_TIME = r"\[(?P<{}>[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}:[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} [+-][0-9]{{4}})\]"
REST_OF_LINE = (
    f" {CLF_TIME.format('requested_at')} {quoted('request')}"
    r" (?P<status>[0-9]{3}) (?P<bytes>[0-9]+|-)"
    f"(?: {quoted('referrer')} {quoted('user_agent')})?$"
)
CLIENT = f"^{word('client_ip')} {word('identity')} "
BLANKS_IN_USER = "(?P<user_name>[^ ].*?)"

COLUMNS: dict[str, Kind] = {
    "client_ip": RAW,
    "identity": TEXT,
    "user_name": TEXT,
    "requested_at": CLF,
    "request": TEXT,
    "method": RAW,
    "path": RAW,
    "query": RAW,
    "protocol": RAW,
    "status": WHOLE,
    "bytes": WHOLE,
    "referrer": TEXT,
    "user_agent": TEXT,
}
PLAIN = (
    Part("client_ip", '[^ \t"-][^ \t"]*'),  # where it is only `-`, that is no null
    Part("identity", WORD),
    Part("user_name", WORD),
    Part("clock", r"\[[0-9]{2}/[A-Z][a-z]{2}/[12][0-9]{3}:[0-9]{2}:[0-9]{2}:[0-9]{2}"),
    Part("offset", r"[+-][0-9]{4}\]"),
    Part("request", PLAIN_REQUEST),
    Part("status", "[0-9]{3}", pa.int64()),
    Part("bytes", "(?:-|[0-9]{1,18})", pa.int64()),
)
AGENTS = (Part("referrer", QUOTED), Part("user_agent", QUOTED))


def derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the time and the parts of the request of plain lines."""
    return pl.concat([derived_request(frame), frame.select(_instant().alias("requested_at"))], how="horizontal")


def _instant() -> pl.Expr:
    clock = pl.col("clock").str.to_datetime("[%d/%b/%Y:%H:%M:%S", time_unit="us", strict=False)
    offset = pl.col("offset")
    minutes = offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3, 2).cast(pl.Int64)
    east = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return (clock - pl.duration(minutes=east)).dt.replace_time_zone("UTC")


def plains(*before: Part) -> tuple[Plain, ...]:
    """Return the plain writings of a line that begins with some more values."""
    sources = ("request", "clock", "offset")
    parts = (*before, *PLAIN)
    return tuple(Plain(parts + more, derive, sources, needed=("requested_at",)) for more in (AGENTS, ()))


LAYOUT = Layout(
    label="the common or combined log format",
    chains=((CLIENT + word("user_name") + REST_OF_LINE,), (CLIENT + BLANKS_IN_USER + REST_OF_LINE,)),
    columns=COLUMNS,
    refine=split_request,
    ends_open=True,
    plains=plains(),
)
FORMAT = LayoutFormat(lambda _: LAYOUT)
