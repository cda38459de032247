"""Numerics, which arrive as text: the fastest way that is exact. What is no number, or has more digits than fit, stays text."""

from __future__ import annotations

from functools import cache

from lakesmith.model.types import Decimal
from lakesmith.sources.postgres.types.arrow import Array, pa, pc
from lakesmith.sources.postgres.types.packing import NO_NUMBER
from lakesmith.sources.postgres.types.parts import Parts, part

DIGITS = 38
"""What 128 bits hold in any case."""


def part_numbers(texts: Array, kind: Decimal) -> Parts:
    """Return numerics as the server writes them in parts: decimals, and words for those that are none."""
    target = pa.decimal128(kind.precision, kind.scale)
    if (
        pc.max(pc.binary_length(texts)).as_py() or 0
    ) <= DIGITS - kind.scale:  # Arrow lets longer texts wrap around, without a word
        try:
            return Parts(texts.cast(target))
        except pa.ArrowInvalid:  # at least one does not fit; Arrow does not say which
            pass
    fits = pc.match_substring_regex(texts, _grammar(kind))
    parts = part(texts, pc.invert(fits), lambda rare: rare)
    return Parts(pc.replace_substring_regex(parts.values, *_needless(kind)).cast(target), parts.words)


def part_whole(numbers: Array, kind: Decimal) -> Parts:
    """Return numerics that were sent as whole numbers of their last place in parts; one of those numbers means NaN."""
    rare = pc.equal(numbers, NO_NUMBER) if pc.max(numbers).as_py() == NO_NUMBER else None
    parts = part(numbers, rare, lambda found: pa.array(["NaN"] * len(found)))
    whole = parts.values.view(pa.decimal64(kind.precision, kind.scale))
    return Parts(whole.cast(pa.decimal128(kind.precision, kind.scale)), parts.words)


@cache
def _grammar(kind: Decimal) -> str:
    """Return what the server's texts of all numbers look like that a decimal holds, zeros behind its last place included."""
    digits = kind.precision - kind.scale
    whole = f"0|[1-9][0-9]{{0,{digits - 1}}}" if digits else "0"
    return rf"\A-?(?:{whole})(?:\.[0-9]{{0,{kind.scale}}}0*)?\z"


@cache
def _needless(kind: Decimal) -> tuple[str, str]:
    """Return a pattern of the zeros behind the last place, which would make a number too long for Arrow, and what stays."""
    return (rf"(\.[0-9]{{{kind.scale}}})0+\z", r"\1") if kind.scale else (r"\.0+\z", "")
