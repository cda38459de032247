"""HTTP logs of HAProxy (`option httplog`), with or without what syslog writes before them. Times are those of the proxy's clock."""

from __future__ import annotations

from functools import cache

import polars as pl

from lakesmith.sources.files.formats.logs.elb import split_sides
from lakesmith.sources.files.formats.logs.kinds import RAW, TEXT, WHOLE, Kind, time
from lakesmith.sources.files.formats.logs.layout import Layout, whole, word
from lakesmith.sources.files.formats.logs.reader import LayoutFormat

SYSLOG = (
    r"^(?:<[0-9]{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+) "
    r"(?P<log_host>[^ ]+) (?P<program>[^ \[:]+)(?:\[(?P<pid>[0-9]{1,9})\]:| (?P<process>[0-9]{1,9}|-) - -|:) (?P<rest>.*)$"
)
"""As RFC 3164 or RFC 5424 write it."""

START = (
    r"^(?P<client>[^ ]+:[0-9]{1,9}) \[(?P<requested_at>[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3})\] "
    r"(?P<frontend>[^ ~]+)(?P<tls>~)? (?P<backend>[^ /]+)/(?P<server>[^ ]+) (?P<rest>.*)$"
)
TIMES = "/".join(
    rf"\+?(?P<{name}>-?[0-9]{{1,18}})"
    for name in ("request_time_ms", "queue_time_ms", "connect_time_ms", "response_time_ms", "total_time_ms")
)
ANSWER = (
    rf"^{TIMES} (?P<status>-?[0-9]{{1,3}}) \+?{whole('bytes')} {word('request_cookie')} {word('response_cookie')} "
    rf"{word('termination_state')} (?P<rest>.*)$"
)
COUNTS = ("process_connections", "frontend_connections", "backend_connections", "server_connections", "retries")
END = (
    "^"
    + "/".join(rf"\+?(?P<{name}>[0-9]{{1,9}})" for name in COUNTS)
    + r" (?P<server_queue>[0-9]{1,9})/(?P<backend_queue>[0-9]{1,9})(?: \{(?P<captures>[^}]*)\})?(?: \{(?P<more_captures>[^}]*)\})? "
    + r'"(?P<request>[^"]*)"?$'
)


def _columns(zone: str) -> dict[str, Kind]:
    return {
        **dict.fromkeys(("log_host", "program"), TEXT),
        "pid": WHOLE,
        "client_ip": TEXT,
        "client_port": WHOLE,
        "requested_at": time("%d/%b/%Y:%H:%M:%S%.3f", zone=zone),
        **dict.fromkeys(("frontend", "tls", "backend", "server"), TEXT),
        **dict.fromkeys(
            ("request_time_ms", "queue_time_ms", "connect_time_ms", "response_time_ms", "total_time_ms"), WHOLE
        ),
        **dict.fromkeys(("status", "bytes"), WHOLE),
        **dict.fromkeys(("request_cookie", "response_cookie", "termination_state"), TEXT),
        **dict.fromkeys((*COUNTS, "server_queue", "backend_queue"), WHOLE),
        **dict.fromkeys(("captures", "more_captures", "request"), TEXT),
        **dict.fromkeys(("method", "scheme", "host", "path", "query", "protocol"), RAW),
    }


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(pl.lit(None, pl.String).alias("target"))
    if "process" in frame.columns:
        frame = frame.with_columns(pl.coalesce("pid", "process").alias("pid"))
    status = pl.when(pl.col("status") != "-1").then(pl.col("status"))  # no answer was sent
    return split_sides(frame.with_columns(status.alias("status")))


@cache
def _layout(zone: str) -> Layout:
    end = (START, ANSWER, END)
    return Layout("the HTTP log format of HAProxy", ((SYSLOG, *end), end), _columns(zone), _refine)


FORMAT = LayoutFormat(lambda options: _layout(options.time_zone))
