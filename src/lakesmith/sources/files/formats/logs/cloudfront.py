r"""Standard logs of AWS CloudFront: columns by `#Fields:`, values between tabs, percent-encoded once more than they were sent.

One layer of percent-encoding is taken off, so that path and query are what was sent. A user agent that then still has `%20` and no
blank had two layers (`%2520`), and loses both.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import unquote

import polars as pl

from lakesmith.sources.files.formats.logs.directives import DirectiveFormat
from lakesmith.sources.files.formats.logs.kinds import NUMBER, OPEN, TEXT, WHOLE, Kind
from lakesmith.sources.files.formats.logs.layout import Layout
from lakesmith.sources.files.formats.logs.lines import shown
from lakesmith.sources.files.formats.logs.w3c import FIELDS as W3C_FIELDS
from lakesmith.sources.files.formats.logs.w3c import chain_of, columns_of, when_of

FIELDS: dict[str, tuple[str, Kind]] = {
    **W3C_FIELDS,
    "x-edge-location": ("edge_location", TEXT),
    "x-edge-result-type": ("edge_result_type", TEXT),
    "x-edge-response-result-type": ("edge_response_result_type", TEXT),
    "x-edge-detailed-result-type": ("edge_detailed_result_type", TEXT),
    "x-edge-request-id": ("request_id", TEXT),
    "x-host-header": ("host_header", TEXT),
    "x-forwarded-for": ("forwarded_for", TEXT),
    "cs-protocol": ("scheme", TEXT),
    "cs-protocol-version": ("protocol", TEXT),
    "ssl-protocol": ("tls_protocol", TEXT),
    "ssl-cipher": ("tls_cipher", TEXT),
    "time-taken": ("time_taken_s", NUMBER),
    "time-to-first-byte": ("time_to_first_byte_s", NUMBER),
    "sc-content-type": ("content_type", TEXT),
    "sc-content-len": ("content_bytes", WHOLE),
    "sc-range-start": ("range_start", WHOLE),
    "sc-range-end": ("range_end", WHOLE),
    "fle-status": ("field_encryption_status", TEXT),
    "fle-encrypted-fields": ("field_encryption_fields", WHOLE),
}


@cache
def layout_of(fields: str) -> Layout:
    """Return how the lines are written that follow a `#Fields:` line."""
    columns = columns_of(fields, FIELDS)
    kinds, rename = when_of(columns)

    def refine(frame: pl.DataFrame) -> pl.DataFrame:
        frame = rename(frame)
        texts = [name for name, kind in kinds.items() if kind in (TEXT, OPEN) and name in frame.columns]
        return frame.with_columns(decoded(frame[name], is_agent=name == "user_agent") for name in texts)

    chain = chain_of(len(columns), r"[^\t]+", r"\t")
    return Layout("the CloudFront format with the columns that `#Fields:` names", (chain,), kinds, refine)


def decoded(texts: pl.Series, *, is_agent: bool) -> pl.Series:
    """Return texts without their outer layer of percent-encoding; each different text is decoded once."""
    encoded = texts.filter(texts.str.contains("%", literal=True)).unique()
    if not len(encoded):
        return texts
    plain = [_decoded(text, is_agent=is_agent) for text in encoded]
    return texts.replace(encoded, pl.Series(plain, dtype=pl.String)).alias(texts.name)


def _decoded(text: str, *, is_agent: bool) -> str:
    once = unquote(text, errors="backslashreplace")
    if is_agent and "%20" in once and " " not in once:
        once = unquote(once, errors="backslashreplace")
    return shown(once.replace("\n", "\\x0a"))


FORMAT = DirectiveFormat(layout_of, only_with="x-edge-location")
