"""Logs of AWS Classic Load Balancers, with and without user agent and TLS."""

from __future__ import annotations

import polars as pl

from lakesmith.sources.files.formats.logs.kinds import ISO, NUMBER, OPEN, RAW, TEXT, WHOLE, Kind
from lakesmith.sources.files.formats.logs.layout import Layout, decimal, quoted, whole, word
from lakesmith.sources.files.formats.logs.reader import LayoutFormat
from lakesmith.sources.files.formats.logs.requests import split_place

ISO_TIME = r"(?P<{}>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?Z)"
REST = "(?P<rest>.*)$"
REQUEST_COLUMNS = {
    "request": TEXT,
    "method": RAW,
    "scheme": RAW,
    "host": RAW,
    "path": RAW,
    "query": RAW,
    "protocol": RAW,
}

FRONT = (
    f"{ISO_TIME.format('requested_at')} {word('elb')} {word('client')} {word('target')} {decimal('request_time_s')} "
    f"{decimal('target_time_s')} {decimal('response_time_s')} {whole('status')} {whole('target_status')} "
    f"{whole('received_bytes')} {whole('bytes')} {REST}"
)
"""What the logs of all load balancers of AWS have in common, up to the request."""
START = f"^{FRONT}"
END = f"^{quoted('request')} {quoted('user_agent')} {word('tls_cipher')} {word('tls_protocol')}(?P<more> .*)?$"
OLD_END = f"^{quoted('request')}$"
LOOSE_END = (
    r'^"(?P<request>[^"]*)" "(?P<user_agent>.*)" (?P<tls_cipher>[^ "]+) (?P<tls_protocol>[^ "]+)(?P<more> [^"]*)?$'
)

FRONT_COLUMNS: dict[str, Kind] = {
    "requested_at": ISO,
    "elb": TEXT,
    "client_ip": TEXT,
    "client_port": WHOLE,
    "target_ip": TEXT,
    "target_port": WHOLE,
    "request_time_s": NUMBER,
    "target_time_s": NUMBER,
    "response_time_s": NUMBER,
    "status": WHOLE,
    "target_status": WHOLE,
    "received_bytes": WHOLE,
    "bytes": WHOLE,
    **REQUEST_COLUMNS,
    "user_agent": TEXT,
}
COLUMNS: dict[str, Kind] = {
    **FRONT_COLUMNS,
    "tls_cipher": TEXT,
    "tls_protocol": TEXT,
    "more": OPEN,
}


def split_sides(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `client` and `target` split into address and port, `request` into its parts; addresses lose their brackets."""
    sides = [expression for side in ("client", "target") for expression in sides_of(side)]
    more = pl.col("more").str.strip_chars(" ") if "more" in frame.columns else pl.lit(None, pl.String)
    return split_place(frame.with_columns(*sides, more.alias("more")))


def sides_of(side: str) -> tuple[pl.Expr, pl.Expr]:
    """Return address and port of the column `side`."""
    port = pl.col(side).str.extract(r":([0-9]{1,5})$")
    address = pl.col(side).str.replace(r":[0-9]{1,5}$", "").str.strip_chars("[]")
    return address.alias(f"{side}_ip"), port.alias(f"{side}_port")


LAYOUT = Layout(
    label="the access log format of a Classic Load Balancer",
    chains=((START, END), (START, OLD_END), (START, LOOSE_END)),
    columns=COLUMNS,
    refine=split_sides,
)
FORMAT = LayoutFormat(lambda _: LAYOUT)
