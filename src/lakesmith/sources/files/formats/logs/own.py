"""Logs whose lines the project describes: an nginx `log_format`, an Apache `LogFormat`, or a regular expression with named groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import polars as pl

from lakesmith.sources.files.formats.logs.kinds import CLF, RAW_OPEN, Kind, time
from lakesmith.sources.files.formats.logs.layout import Chain, Layout, Refine
from lakesmith.sources.files.formats.logs.requests import PARTS, split_request
from lakesmith.sources.files.formats.logs.variables import APACHE, NGINX, column_of
from lakesmith.sources.files.settings.logs import GROUP

NGINX_PART = re.compile(r"\$\{?([a-z0-9_]+)\}?")
APACHE_PART = re.compile(r"%[<>!0-9,]*(?:\{([^}]*)\}\^?)?(\^?[A-Za-z]{1,2}|%)")
TWO_LETTERS = ("ti", "to")
LIST = r"[^ ,]+(?:(?:, | : )[^ ,]+)*"
LISTS = ("upstream_", "http_x_forwarded_for")
"""Columns that may hold one value for each server that was asked, or that passed the request on."""

MOST_IN_ONE = 15
LABEL = "the format that `pattern:` describes"
DIRECT_TIMES = {"sec": "epoch"}

Times = tuple[tuple[str, str], ...]


class BadPatternError(ValueError):
    """A pattern that cannot be read; the text says why."""


@cache
def layout_of(pattern: str, times: Times, zone: str) -> Layout:
    """Return how lines are written that a pattern describes.

    Args:
        pattern: As it stands in the project file.
        times: Columns that are times, each with its format.
        zone: Where clocks show times without an offset.

    Raises:
        BadPatternError: If two values stand side by side, a column of `times` does not exist, or the pattern has no columns.
    """
    kinds = {name: time(*_spelled(format_), zone=zone, has_dash=False) for name, format_ in times}
    if GROUP.search(pattern):
        chain: Chain = ("^(?:" + GROUP.sub(r"(?P<\1>", pattern) + ")$",)
        columns: dict[str, Kind] = dict.fromkeys(GROUP.findall(pattern), RAW_OPEN)
        refine: Refine | None = None
    else:
        chain, columns = _chain_of(pattern, zone)
        refine = _refine_of(columns)
    missing = [name for name, _ in times if name not in columns]
    if missing or not columns:
        raise BadPatternError(
            f"`{missing[0]}` is no column of the pattern" if missing else "the pattern has no columns"
        )
    return Layout(LABEL, (chain,), {**columns, **kinds}, refine)


def _spelled(format_: str) -> tuple[str, ...]:
    """Return a format as the engine writes it: `%f` with what stands before it is any number of digits, or none."""
    return (format_.replace(".%f", "%.f").replace("%f", "%.f"),) if "%f" in format_ else (format_,)


def _chain_of(pattern: str, zone: str) -> tuple[Chain, dict[str, Kind]]:
    """Return patterns of at most 15 groups, and the columns of all groups."""
    pieces = list(_pieces(pattern, zone))
    columns = {name: kind for _, name, kind in pieces if name}
    chain, part, groups = [], "^", 0
    for number, (literal, name, kind) in enumerate(pieces):
        following = pieces[number + 1][0] if name else ""  # behind the last value stands a piece without one
        if groups == MOST_IN_ONE - 1 and name:
            chain.append(f"{part}(?P<rest>.*)$")
            part, groups = "^", 0
        part += re.escape(literal)
        if name:
            if not following and pieces[number + 1][1]:
                raise BadPatternError(f"nothing stands between the value of `{name}` and the next one")
            part += f"(?P<{name}>{_value(name, (literal, following), kind)})"
            groups += 1
    return (*chain, f"{part}$"), columns


def _value(name: str, around: tuple[str, str], kind: Kind) -> str:
    r"""Return a pattern for a value by what stands around it: it cannot hold the character behind it, unless that is `\"` in quotes."""
    before, behind = around
    if before.endswith('"') and behind.startswith('"'):
        return r'(?:[^"\\]|\\.)*'
    if kind is CLF and not before.endswith("["):
        return r"[^ ]+ [+-][0-9]{4}"
    if behind.startswith(" ") and name.startswith(LISTS):
        return LIST
    return f"[^{re.escape(behind[0])}]*" if behind else ".*"


def _pieces(pattern: str, zone: str) -> Iterator[tuple[str, str, Kind]]:
    """Yield literal text and the column that follows it; an empty column at the end."""
    taken: set[str] = set()
    is_nginx = NGINX_PART.search(pattern) is not None
    literal, end = "", 0
    for found in (NGINX_PART if is_nginx else APACHE_PART).finditer(pattern):
        literal += pattern[end : found.start()]
        end = found.end()
        if found[0] == "%%":
            literal += "%"
            continue
        if is_nginx:
            column, kind = column_of(found[1], NGINX, taken)
            yield literal, column, kind
            literal = ""
            continue
        before, column, kind, behind = _apache(found, taken, zone)
        yield literal + before, column, kind
        literal = behind
    yield literal + pattern[end:], "", RAW_OPEN


def _apache(found: re.Match[str], taken: set[str], zone: str) -> tuple[str, str, Kind, str]:
    """Return a directive's column and kind, and the text that it writes around its value."""
    argument, letter = found[1], found[2]
    if letter == "t" and argument is None:
        return "[", *column_of("t", APACHE, taken), "]"
    if letter == "t":
        column, _ = column_of("t", APACHE, taken)
        bare = (argument or "").removeprefix("begin:").removeprefix("end:")
        if bare in ("msec", "usec", "msec_frac", "usec_frac"):
            raise BadPatternError(
                f"`%{{{argument}}}t` is no time by itself; write `%{{sec}}t`, or use a regular expression"
            )
        return "", column, time(DIRECT_TIMES.get(bare, bare), zone=zone), ""
    name = letter if argument is None or letter in ("a", "p", "T") else f"{{{argument}}}{letter}"
    return "", *column_of(name, APACHE, taken), ""


def _refine_of(columns: dict[str, Kind]) -> Refine | None:
    """Return what splits the request line, where there is one, into the parts that have no column of their own."""
    if "request" not in columns:
        return None
    parts = [name for name in PARTS if name not in columns]
    columns.update({name: PARTS[name] for name in parts})

    def refine(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(split_request(frame.select("request"))[parts]) if parts else frame

    return refine
