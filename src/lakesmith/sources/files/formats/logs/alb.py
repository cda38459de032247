"""Logs of AWS Application Load Balancers, from their first version to the newest; fields that are newer still stay in `more`."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from lakesmith.sources.files.formats.logs.elb import (
    FRONT,
    FRONT_COLUMNS,
    ISO_TIME,
    REST,
    sides_of,
    split_sides,
)
from lakesmith.sources.files.formats.logs.kinds import ISO, OPEN, TEXT, WHOLE, Kind
from lakesmith.sources.files.formats.logs.layout import Layout, quoted, whole, word
from lakesmith.sources.files.formats.logs.plain import INSTANT, QUOTED, WORD, Part, Plain
from lakesmith.sources.files.formats.logs.reader import LayoutFormat
from lakesmith.sources.files.formats.logs.requests import PLAIN_PLACED_REQUEST, derived_place

START = f"^{word('type')} {FRONT}"
TLS = f"{word('tls_cipher')} {word('tls_protocol')} {word('target_group_arn')} {quoted('trace_id')}"
MIDDLE = f"^{quoted('request')} {quoted('user_agent')} {TLS} {REST}"
OLD_MIDDLE = f"^{quoted('request')} {quoted('user_agent')} {TLS}(?P<rest>.*)$"
LOOSE_MIDDLE = (
    r'^"(?P<request>[^"]*)" "(?P<user_agent>.*)" (?P<tls_cipher>[^ "]+) (?P<tls_protocol>[^ "]+) '
    r'(?P<target_group_arn>[^ "]+) "(?P<trace_id>-|[A-Z][a-z]+=[^"]*)"(?P<rest>.*)$'
)
LATER = (
    quoted("domain_name"),
    quoted("chosen_certificate_arn"),
    whole("matched_rule_priority"),
    ISO_TIME.format("request_created_at"),
    quoted("actions_executed"),
    quoted("redirect_url"),
    quoted("error_reason"),
    quoted("target_list"),
    quoted("target_status_list"),
    quoted("classification"),
    quoted("classification_reason"),
)
"""What came after the first version, in the order it came."""

NEWEST = (
    word("connection_trace_id"),
    quoted("transformed_host"),
    quoted("transformed_uri"),
    quoted("transform_status"),
)


def _optional(fields: tuple[str, ...], end: str) -> str:
    """Return a pattern for as many of the fields as there are."""
    return "".join(f"(?: {field}" for field in fields) + ")?" * len(fields) + end


FULL = f"^{' '.join(LATER)}(?P<rest>.*)$"
SOME = f"^{_optional(LATER, '(?P<rest>.*)$')}"
END = f"^{_optional(NEWEST, '(?P<more>.*)$')}"

COLUMNS: dict[str, Kind] = {
    "type": TEXT,
    **FRONT_COLUMNS,
    **dict.fromkeys(("tls_cipher", "tls_protocol", "target_group_arn", "trace_id", "domain_name"), TEXT),
    "chosen_certificate_arn": TEXT,
    "matched_rule_priority": WHOLE,
    "request_created_at": ISO,
    **dict.fromkeys(("actions_executed", "redirect_url", "error_reason", "target_list", "target_status_list"), TEXT),
    **dict.fromkeys(("classification", "classification_reason", "connection_trace_id"), TEXT),
    **dict.fromkeys(("transformed_host", "transformed_uri", "transform_status"), TEXT),
    "more": OPEN,
}
INSTANTS = pa.timestamp("us", tz="UTC")
PLAIN = (
    Part("type", WORD),
    Part("requested_at", INSTANT, INSTANTS),
    *(Part(name, WORD) for name in ("elb", "client", "target")),
    *(Part.of(name, pa.float64()) for name in ("request_time_s", "target_time_s", "response_time_s")),
    *(Part.of(name, pa.int64()) for name in ("status", "target_status", "received_bytes", "bytes")),
    Part("request", PLAIN_PLACED_REQUEST),
    Part("user_agent", QUOTED),
    *(Part(name, WORD) for name in ("tls_cipher", "tls_protocol", "target_group_arn")),
    *(Part(name, QUOTED) for name in ("trace_id", "domain_name", "chosen_certificate_arn")),
    Part.of("matched_rule_priority", pa.int64()),
    Part("request_created_at", INSTANT, INSTANTS),
    *(Part(name, QUOTED) for name in ("actions_executed", "redirect_url", "error_reason", "target_list")),
    *(Part(name, QUOTED) for name in ("target_status_list", "classification", "classification_reason")),
)
CONNECTION = (Part("connection_trace_id", WORD),)
TRANSFORMED = tuple(Part(name, QUOTED) for name in ("transformed_host", "transformed_uri", "transform_status"))


def _derive(frame: pl.DataFrame) -> pl.DataFrame:
    sides = frame.select(*sides_of("client"), *sides_of("target"))
    return pl.concat([derived_place(frame), sides], how="horizontal")


LAYOUT = Layout(
    label="the access log format of an Application Load Balancer",
    chains=((START, MIDDLE, FULL, END), (START, OLD_MIDDLE, SOME, END), (START, LOOSE_MIDDLE, SOME, END)),
    columns=COLUMNS,
    refine=split_sides,
    plains=tuple(
        Plain(PLAIN + more, _derive, ("request", "client", "target"))
        for more in (CONNECTION, CONNECTION + TRANSFORMED, ())
    ),
)
FORMAT = LayoutFormat(lambda _: LAYOUT)
