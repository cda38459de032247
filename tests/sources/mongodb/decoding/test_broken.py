"""Bytes that are no documents: each is one reject with a reason, nothing is raised, and all around it is loaded."""

from __future__ import annotations

import random

import bson
import pytest
from documents import DOCUMENTS, encoded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import check_rows, has_regex, is_same, read, rows_of
from writing import document, member, number, objects, text

from lakesmith.sources.mongodb.decoding import Decoder

FINE = [bson.encode({"_id": number, "a": "x", "b": {"c": [1, 2]}}) for number in range(40)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (document(number("_id", 99), member(0x20, "a")), "unknown type 0x20"),
        (document(number("_id", 99), text("a", b"\xff\xfe")), "not valid UTF-8"),
        (document(number("_id", 99), text(b"\xff", b"x")), "name is not valid UTF-8"),
        (document(number("_id", 99), member(0x02, "a", b"\x02\0\0\0xy")), "text has no end"),
        (document(number("_id", 99), member(0x02, "a", b"\x00\0\0\0")), "less than a value of its type"),
        (document(number("_id", 99), member(0x02, "a", b"\xff\xff\xff\x7fx\0")), "longer than the object"),
        (document(number("_id", 99), member(0x02, "a", b"\xff\xff\xff\xffx\0")), "less than a value of its type"),
        (document(number("_id", 99), member(0x10, "a", b"\1\0")), "longer than the object"),
        (document(number("_id", 99), member(0x08, "a", b"\2")), "neither true nor false"),
        (document(number("_id", 99), member(0x03, "a", b"\x06\0\0\0\0\1")), "has no end"),
        (document(number("_id", 99), member(0x04, "a", b"\x06\0\0\0\0\1")), "has no end"),
        (document(number("_id", 99), b"\x10abc"), "name has no end"),
        (document(number("_id", 99), member(0x05, "a", b"\x03\0\0\0\x02\0\0\0")), "subtype 2"),
        (document(number("_id", 99), b"\0\0\0\0"), "unknown type 0x00"),
        (document(number("_id", 99))[:-1] + b"\1", "has no end"),
        (document(number("_id", 99), member(0x0B, "a", b"x\0y")), "name has no end"),
        (
            document(number("_id", 99), member(0x0F, "a", b"\x18\0\0\0\x02\0\0\0x\0\x05\0\0\0\0" + b"\0" * 9)),
            "code and its scope",
        ),
    ],
)
@pytest.mark.parametrize("copies", [1, 30])
def test_a_broken_document_is_a_reject_and_the_others_are_rows(bad, reason, copies):
    decoder = Decoder()
    decoder.decode(b"".join(FINE))
    decoded = decoder.decode(b"".join([*FINE[:20], *[bad] * copies, *FINE[20:]]))
    assert [one.number for one in decoded.rejects] == list(range(20, 20 + copies))
    assert {one.raw for one in decoded.rejects} == {bad}
    assert {one.document_id for one in decoded.rejects} == {'{"$numberInt": "99"}'}
    assert all(reason in one.reason for one in decoded.rejects), decoded.rejects[0].reason
    assert decoded.documents == len(FINE) + copies
    check_rows(rows_of(decoded), FINE)


def test_a_document_deeper_than_the_limit_is_a_reject():
    def nested(depth):
        inner = number("x", 1)
        for _ in range(depth - 1):
            inner = objects("o", inner)
        return document(number("_id", depth), inner)

    decoded = Decoder().decode(nested(100) + nested(101) + nested(5000))
    assert [one.number for one in decoded.rejects] == [1, 2]
    assert {one.reason for one in decoded.rejects} == {"objects and arrays are nested deeper than 100 levels"}
    check_rows(rows_of(decoded), [nested(100)])


@pytest.mark.parametrize("tail", [b"\1", b"\xff\xff\xff\x7f\0", b"\0\0\0\0\0", b"\xff\xff\xff\xff\0\0\0", FINE[0][:-1]])
def test_what_cannot_be_cut_is_one_reject_behind_all_that_can(tail):
    decoded = Decoder().decode(b"".join(FINE) + tail)
    check_rows(rows_of(decoded), FINE)
    [reject] = decoded.rejects
    assert (reject.number, reject.raw) == (len(FINE), tail)
    assert decoded.documents == len(FINE) + 1


def test_an_empty_block_has_nothing():
    decoded = Decoder().decode(b"")
    assert (decoded.batches, decoded.rejects, decoded.documents) == ((), (), 0)


def test_fields_of_broken_documents_do_not_use_up_the_columns():
    noise = [document(number(f"n{each}", 1), member(0x20, "x")) for each in range(50)]
    decoder = Decoder(max_fields=5)
    assert len(decoder.decode(b"".join(noise)).rejects) == 50
    decoded = decoder.decode(b"".join(FINE))
    assert decoded.batches[0].schema.names == ["_id", "a", "b"]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.integers(0, 2**32))
def test_bytes_that_were_changed_never_raise_and_are_always_counted(documents, seed):
    chance = random.Random(seed)
    raw = encoded(documents, copies=10)
    decoder = Decoder()
    decoder.decode(b"".join(raw))
    mutated = [mutate(one, chance) if chance.random() < 0.5 else one for one in raw]
    decoded = decoder.decode(b"".join(mutated))
    assert decoded.documents == len(rows_of(decoded)) + len(decoded.rejects) == len(mutated)
    refused = {one.number for one in decoded.rejects}
    assert not [one for one in refused if mutated[one] == raw[one]]
    told = {row.pop("_id"): row for row in rows_of(decoded)}
    for place, one in enumerate(mutated):
        if place not in refused:
            row = told[place]
            row.pop("_as_sent", None)
            assert has_regex(read(one)) or is_same({**read(one), "_id": place}, {**row, "_id": place})


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.integers(0, 2**32))
def test_blocks_that_were_changed_anywhere_never_raise(documents, seed):
    chance = random.Random(seed)
    block = bytearray(b"".join(encoded(documents, copies=8)))
    for _ in range(chance.randrange(1, 6)):
        block[chance.randrange(len(block))] = chance.randrange(256)
    decoded = Decoder().decode(block[: chance.randrange(len(block)) + 1])
    assert decoded.documents == len(rows_of(decoded)) + len(decoded.rejects)


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Change a document behind its length and its `_id`, which stay."""
    made = bytearray(raw)
    for _ in range(chance.randrange(1, 4)):
        if len(made) > 14:
            made[chance.randrange(13, len(made))] = chance.choice(
                [0, 1, 2, 3, 4, 5, 8, 0x10, 0xFF, chance.randrange(256)]
            )
    return bytes(made)
