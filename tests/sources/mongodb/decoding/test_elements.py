"""Elements of arrays, many to an array: of one kind, of which there is one pattern, and of several, which take turns."""

from __future__ import annotations

import bson
import pytest
from oracle import check_rows, rows_of
from writing import array, document, number, text

from lakesmith.sources.mongodb.decoding import Decoder

KINDS = {
    "texts": ["x", "", "a longer one"],
    "numbers": [1, -2, 3],
    "doubles": [0.5, 1.5],
    "truths": [True, False],
    "nulls": [None, None],
    "bytes": [b"12345", b"67890"],
    "objects": [{"a": 1}, {"a": 2, "b": "x"}, {}],
    "lists": [[1], [], [2, 3]],
    "ids": [bson.ObjectId(b"1" * 12)],
    "some": [1, None, 2**40],
    "mixed": [1, "x", {"a": 1}],
}


@pytest.mark.parametrize("name", KINDS)
def test_elements_of_a_kind_are_told_with_their_lengths(name):
    values = KINDS[name]
    made = [{"_id": at, "v": (values * 5)[: at % 13]} for at in range(100)]
    raw = [bson.encode(one) for one in made]
    decoder = Decoder()
    for _ in range(2):  # the second time with what the first one learned
        decoded = decoder.decode(b"".join(raw))
        assert decoded.rejects == ()
        check_rows(rows_of(decoded), raw)


@pytest.mark.parametrize("names", [("0", "2"), ("1", "2"), ("0", "0"), ("0", "01"), ("1", "0")], ids="-".join)
def test_names_that_do_not_count_are_told_in_full(names):
    fine = [document(number("_id", at), array("v", text("0", b"x"), text("1", b"y"))) for at in range(60)]
    odd = document(number("_id", 99), array("v", *(text(name, b"z") for name in names)))
    decoded = Decoder().decode(b"".join([*fine, odd]))
    told = [row["_id"] for row in rows_of(decoded) if row.get("_as_sent") is not None]
    assert (decoded.documents, decoded.rejects, told) == (61, (), [99])
