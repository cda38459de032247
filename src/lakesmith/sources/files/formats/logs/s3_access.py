"""Server access logs of S3 buckets; fields that are newer than those known stay in `more`."""

from __future__ import annotations

import polars as pl

from lakesmith.sources.files.formats.logs.combined import CLF_TIME
from lakesmith.sources.files.formats.logs.kinds import CLF, OPEN, RAW, TEXT, WHOLE, Kind
from lakesmith.sources.files.formats.logs.layout import Layout, whole, word
from lakesmith.sources.files.formats.logs.reader import LayoutFormat
from lakesmith.sources.files.formats.logs.requests import split_request

PLAIN = '"(?P<{}>[^"]*)"'  # S3 escapes nothing inside quotes
START = (
    f"^{word('bucket_owner')} {word('bucket')} {CLF_TIME.format('requested_at')} {word('client_ip')} {word('requester')} "
    f"{word('request_id')} {word('operation')} {word('key')} (?:{PLAIN.format('request')}|-) {whole('status')} "
    f"{word('error_code')} {whole('bytes')} (?P<rest>.*)$"
)
SIZES = f"^{whole('object_bytes')} {whole('total_time_ms')} {whole('turn_around_ms')} "
AGENTS = f"(?:{PLAIN.format('referrer')}|-) (?:{PLAIN.format('user_agent')}|-)"
LOOSE_AGENTS = f'(?:{PLAIN.format("referrer")}|-) "(?P<user_agent>.*)"'
LAST = (
    "version_id",
    "host_id",
    "signature",
    "tls_cipher",
    "authentication",
    "host",
    "tls_protocol",
    "access_point_arn",
)
END = "".join(f'(?: (?P<{name}>[^ "]+)' for name in (*LAST, "acl_required")) + ")?" * (len(LAST) + 1)
MORE = '(?P<more>(?: [^"]*)?)$'

COLUMNS: dict[str, Kind] = {
    **dict.fromkeys(("bucket_owner", "bucket"), TEXT),
    "requested_at": CLF,
    **dict.fromkeys(("client_ip", "requester", "request_id", "operation", "key", "request"), TEXT),
    **dict.fromkeys(("method", "path", "query", "protocol"), RAW),
    "status": WHOLE,
    "error_code": TEXT,
    **dict.fromkeys(("bytes", "object_bytes", "total_time_ms", "turn_around_ms"), WHOLE),
    **dict.fromkeys(("referrer", "user_agent", *LAST, "acl_required"), TEXT),
    "more": OPEN,
}


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    return split_request(frame.with_columns(pl.col("more").str.strip_chars(" ")))


LAYOUT = Layout(
    label="the server access log format of S3",
    chains=((START, SIZES + AGENTS + "(?P<rest>.*)$", f"^{END}{MORE}"), (START, SIZES + LOOSE_AGENTS + f"{END}{MORE}")),
    columns=COLUMNS,
    refine=_refine,
)
FORMAT = LayoutFormat(lambda _: LAYOUT)
