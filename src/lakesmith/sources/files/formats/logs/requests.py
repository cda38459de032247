"""The parts of a request line: method, target, protocol; and of the target: scheme and host, path, query."""

from __future__ import annotations

import polars as pl

from lakesmith.sources.files.formats.logs.kinds import RAW
from lakesmith.sources.files.formats.logs.plain import METHOD, PROTOCOL

REQUEST = (
    r"^(?P<method>[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*) (?P<target>[^ ].*?) (?P<protocol>HTTP/[0-9]+(?:\.[0-9]+)?)$"
)
OLD_REQUEST = r"^(?P<method>GET) (?P<target>/[^ ]*)$"
PARTS = dict.fromkeys(("method", "path", "query", "protocol"), RAW)
"""The columns that a request line is split into."""

PLACE = r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#]*)(?P<target>.*)$"

PLAIN_REQUEST = rf'"{METHOD} [^ \t"\\]+ {PROTOCOL}"'
PLAIN_PLACED_REQUEST = rf'"{METHOD} [A-Za-z][A-Za-z0-9+.-]*://[^/?# \t"\\]*/[^ \t"\\]* {PROTOCOL}"'
"""Requests of three words, the target of the second beginning with scheme and host."""


def split_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `request` split into `method`, `path`, `query` and `protocol`; all null where it is no HTTP request."""
    return _with_path(_with_target(frame))


def split_place(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `request` split like `split_request`, and `scheme` and `host` (with port) of a target that has them."""
    frame = _with_target(frame).with_columns(pl.col("target").str.extract_groups(PLACE).alias("place"))
    return _with_path(
        frame.with_columns(
            _part("place", "scheme").alias("scheme"),
            _part("place", "host").alias("host"),
            pl.coalesce(_part("place", "target"), "target").alias("target"),
        ).drop("place")
    )


def _with_target(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(
        pl.col("request").str.extract_groups(REQUEST).alias("new"),
        pl.col("request").str.extract_groups(OLD_REQUEST).alias("old"),
    )
    return frame.with_columns(
        pl.coalesce(_part("new", "method"), _part("old", "method")).alias("method"),
        _part("new", "protocol").alias("protocol"),
        pl.coalesce(_part("new", "target"), _part("old", "target")).alias("target"),
    ).drop("new", "old")


def _with_path(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col("target").str.extract(r"^([^?]*)").alias("path"), pl.col("target").str.extract(r"\?(.*)$").alias("query")
    ).drop("target")


def _part(struct: str, name: str) -> pl.Expr:
    return pl.col(struct).struct.field(name)


def derived_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of requests that are all like `PLAIN_REQUEST`."""
    words = (
        frame["request"].str.split_exact(" ", 2).struct.rename_fields(["method", "target", "protocol"]).struct.unnest()
    )
    return _with_query(words)


def derived_place(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of requests that are all like `PLAIN_PLACED_REQUEST`."""
    words = (
        frame["request"].str.split_exact(" ", 2).struct.rename_fields(["method", "target", "protocol"]).struct.unnest()
    )
    scheme = words["target"].str.splitn("://", 2).struct.rename_fields(["scheme", "behind"]).struct.unnest()
    host = scheme["behind"].str.splitn("/", 2).struct.rename_fields(["host", "target"]).struct.unnest()
    target = host.with_columns(pl.concat_str(pl.lit("/"), "target").alias("target"))
    return _with_query(pl.concat([words.drop("target"), scheme.select("scheme"), target], how="horizontal"))


def _with_query(frame: pl.DataFrame) -> pl.DataFrame:
    halves = frame["target"].str.splitn("?", 2).struct.rename_fields(["path", "query"]).struct.unnest()
    return pl.concat([frame.drop("target"), halves], how="horizontal")
