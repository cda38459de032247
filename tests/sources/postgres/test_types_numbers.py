"""Texts of numerics: each is the decimal it says, or stays the text it is. Python's own decimals are the oracle."""

from decimal import Context, Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakesmith.model.types import Decimal as Kind
from lakesmith.sources.postgres.types.numbers import part_numbers

KINDS = [(38, 9), (38, 2), (10, 2), (18, 4), (20, 0), (38, 38), (38, 0)]
EXACT = Context(prec=500)

digits = st.text("0123456789", max_size=45)
texts = st.builds(
    lambda sign, whole, fraction: sign + (whole.lstrip("0") or "0") + ("." + fraction if fraction else ""),
    st.sampled_from(["", "-"]),
    digits,
    digits | st.text("09", max_size=60),
) | st.sampled_from(["NaN", "Infinity", "-Infinity"])


def holds(text, precision, scale):
    """Whether a decimal of that kind is the number."""
    number = Decimal(text)
    if not number.is_finite():
        return False
    scaled = number.scaleb(scale, EXACT)
    return scaled == scaled.to_integral_value(context=EXACT) and EXACT.abs(scaled) < 10**precision


@pytest.mark.parametrize(
    ("precision", "scale"), [*KINDS[:2], *(pytest.param(*kind, marks=pytest.mark.long) for kind in KINDS[2:])]
)
@settings(deadline=None, max_examples=50)
@given(said=st.lists(texts, min_size=1, max_size=6))
@example(said=["5127210789095146508118038226064"])
@example(said=["2.00009000090900099000090009000000000000000"])
@example(said=["0." + "0" * 46 + "1"])
@example(said=["-" + "9" * 29 + "." + "9" * 9])
def test_every_text_is_the_number_it_says_or_stays_text(precision, scale, said):
    parts = part_numbers(pa.array(said), Kind(precision, scale))
    values = parts.values.to_pylist()
    words = parts.words.to_pylist() if parts.words is not None else [None] * len(said)
    for text, value, word in zip(said, values, words, strict=True):
        if holds(text, precision, scale):
            assert (value, word) == (EXACT.create_decimal(text), None)
        else:
            assert (value, word) == (None, text)
