"""Answers are cut into records alike by both ways of doing it, and one that is not whole is never taken for one that is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import SourceDataError
from lakesmith.sources.rest.flow.values import Held
from lakesmith.sources.rest.reading import documents
from lakesmith.sources.rest.reading.documents import look_at, walk

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["id", 'a "b"', "é", "x,y]"]), VALUES, max_size=3)
    | SCALARS.filter(lambda value: value is not None),
    max_size=5,
)


def both_ways(body: bytes, path: str):
    """Return what each way finds: the records, what stands beside them, whether there was a list."""
    small = look_at(Held(body), path, "x")
    large = documents.Document()
    texts = [text for elements in walk(Held(body).open(), path, "x", large) for text in elements.texts]
    assert small.cut is not None
    told = [json.loads(text) for text in small.cut[0].texts], small.beside, small.has_records
    return told, ([json.loads(text) for text in texts], large.beside, large.has_records)


@settings(max_examples=200, deadline=None)
@given(
    RECORDS,
    st.dictionaries(st.text(max_size=4).filter(lambda key: key != "data"), VALUES, max_size=3),
    st.booleans(),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_both_ways_find_the_same(rows, beside, first, indent, ascii_only):
    inner = {"items": rows, "n": 1} if first else {"n": 1, "items": rows}
    document = {"data": inner, **beside} if first else {**beside, "data": inner}
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    small, large = both_ways(body, "data.items")
    assert small == large
    assert small[0] == rows
    assert small[1] == {**beside, "data": {"n": 1}}


@settings(max_examples=100, deadline=None)
@given(RECORDS, st.data())
def test_a_part_of_a_document_is_no_document(rows, data):
    body = json.dumps({"items": rows, "next": "x"}).encode()
    end = data.draw(st.integers(min_value=1, max_value=len(body) - 1))
    with pytest.raises(SourceDataError, match="ends too early"):
        look_at(Held(body[:end]), "items", "x")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[1, 2] 3", "something else follows its end"),
        (b'{"items": [1]}{"items": [2]}', "something else follows its end"),
        (b'{"items": [1,]}', "an element of the list is missing"),
        (b"", "there is nothing in it"),
        (b"\xff\xfe", "there is nothing in it"),
        (b"[", "ends too early"),
        (b"[1, 2", "ends too early"),
        (b'{"items": [1}]', "a list ends like an object"),
        (b"<html>", "a value in it is no JSON"),
    ],
)
def test_what_is_not_one_document(body, why):
    with pytest.raises(SourceDataError, match=why):
        look_at(Held(body), "items" if b"items" in body else ".", "x")


def test_other_places_of_records():
    assert look_at(Held(b'{"id": 1}'), ".", "x").count == 1
    assert look_at(Held(b'{"data": {"id": 1}}'), "data", "x").count == 1
    assert look_at(Held(b'{"data": null}'), "data", "x").has_records is False
    assert look_at(Held(b"\xef\xbb\xbf[1, 2]"), ".", "x").count == 2
    assert look_at(Held('[{"a": "é"}]'.encode("utf-16")), ".", "x").count == 1
