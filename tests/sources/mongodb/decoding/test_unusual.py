"""Names that stand twice and arrays whose names do not count: the document is a row, and nothing of it is lost."""

from __future__ import annotations

import json

import bson
import pytest
from oracle import check_object, read, rows_of
from writing import array, document, number, objects, text

from lakesmith.sources.mongodb.decoding import Decoder

PLAIN = [bson.encode({"_id": number, "a": 1, "o": {"b": [1, 2]}}) for number in range(40)]


def pairs_of(told):
    return json.loads(told, object_pairs_hook=list)


@pytest.mark.parametrize("around", [[], PLAIN])
@pytest.mark.parametrize(
    ("raw", "columns", "as_sent"),
    [
        (
            document(number("_id", 99), number("a", 1), text("b", b"x"), text("a", b"last")),
            {"a": "last", "b": "x"},
            '{"_id": {"$numberInt": "99"}, "a": {"$numberInt": "1"}, "b": "x", "a": "last"}',
        ),
        (
            document(number("_id", 99), objects("o", number("b", 1), number("b", 2))),
            {"o": {"b": 2}},
            '{"_id": {"$numberInt": "99"}, "o": {"b": {"$numberInt": "1"}, "b": {"$numberInt": "2"}}}',
        ),
        (
            document(number("_id", 99), array("l", objects("0", number("b", 1), number("b", 2)))),
            {"l": [{"b": 2}]},
            '{"_id": {"$numberInt": "99"}, "l": [{"b": {"$numberInt": "1"}, "b": {"$numberInt": "2"}}]}',
        ),
        (
            document(number("_id", 99), array("l", number("0", 1), number("7", 2), number("x", 3))),
            {"l": [1, 2, 3]},
            '{"_id": {"$numberInt": "99"}, "l": {"0": {"$numberInt": "1"}, "7": {"$numberInt": "2"}, "x": {"$numberInt": "3"}}}',
        ),
        (
            document(number("_id", 99), array("l", number("0", 1), number("0", 2))),
            {"l": [1, 2]},
            '{"_id": {"$numberInt": "99"}, "l": {"0": {"$numberInt": "1"}, "0": {"$numberInt": "2"}}}',
        ),
        (
            document(number("_id", 99), array("l", number("", 1))),
            {"l": [1]},
            '{"_id": {"$numberInt": "99"}, "l": {"": {"$numberInt": "1"}}}',
        ),
    ],
)
def test_the_row_has_what_drivers_see_and_the_document_as_it_was_sent(raw, columns, as_sent, around):
    decoder = Decoder()
    decoder.decode(b"".join(around))
    decoded = decoder.decode(b"".join([*around[:7], raw, *around[7:]]))
    assert decoded.rejects == ()
    rows = {row["_id"]: row for row in rows_of(decoded)}
    assert len(rows) == decoded.documents == len(around) + 1
    row = rows.pop(99)
    assert pairs_of(row.pop("_as_sent")) == pairs_of(as_sent)
    check_object(read(raw), row)
    assert {name: row[name] for name in columns} == columns
    for number_, plain in enumerate(around):
        told = rows[number_]
        assert told.pop("_as_sent", None) is None
        check_object(read(plain), told)


@pytest.mark.long
def test_numbers_of_long_arrays_count():
    raw = [bson.encode({"_id": each, "l": list(range(5000 + each))}) for each in range(30)]
    decoder = Decoder()
    for _ in range(2):
        rows = rows_of(decoder.decode(b"".join(raw)))
        assert [row["l"] for row in rows] == [list(range(5000 + each)) for each in range(30)]
        assert "_as_sent" not in rows[0]
