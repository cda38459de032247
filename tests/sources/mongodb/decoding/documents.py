"""Documents of every kind, for hypothesis."""

from __future__ import annotations

import bson
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import Binary
from bson.code import Code
from hypothesis import strategies as st

NAMES = st.sampled_from(
    ["a", "b", "c", "", "a.b", "$d", "é", "a__json", "_rest", "_as_sent", "long name with blanks", "x"]
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
DECIMALS = st.builds(
    lambda sign, digits, exponent: Decimal128.from_bid(
        (sign << 127 | (exponent + 6176) << 113 | digits).to_bytes(16, "little")
    ),
    st.integers(0, 1),
    st.integers(0, 10**34 - 1) | st.integers(0, 999),
    st.integers(-12, 12) | st.integers(-6176, 6111),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 0]).map(Int64),
    st.floats(allow_nan=False) | st.just(float("nan")) | st.sampled_from([0.0, -0.0]),
    TEXTS,
    st.binary(max_size=9),
    st.binary(max_size=9).map(lambda data: Binary(data, 2)),
    st.uuids().map(Binary.from_uuid),
    st.tuples(st.binary(max_size=17), st.sampled_from([1, 3, 4, 5, 6, 128])).map(lambda two: Binary(*two)),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.integers(-(2**63), 2**63 - 1).map(bson.DatetimeMS),
    st.integers(-62_135_596_800_001, 253_402_300_800_000).map(bson.DatetimeMS),
    DECIMALS | st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", "0E+6111"]).map(Decimal128),
    st.builds(Regex, TEXTS.map(lambda text: text.replace("\0", "")), st.sampled_from([0, 2, 8, 10])),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(Code, TEXTS),
    st.builds(Code, TEXTS, st.dictionaries(st.sampled_from("pq"), st.integers(0, 9))),
    st.sampled_from([MinKey(), MaxKey()]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=10
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=6)


def encoded(documents, copies=1):
    """Return documents as BSON, each so many times, with an `_id` of its own each time."""
    made = []
    for copy in range(copies):
        made += [
            bson.encode({"_id": len(documents) * copy + number, **document})
            for number, document in enumerate(documents)
        ]
    return made
