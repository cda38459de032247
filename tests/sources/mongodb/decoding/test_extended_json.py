"""Canonical extended JSON against pymongo's writer of it."""

from __future__ import annotations

import json

import bson
from bson import json_util
from documents import DOCUMENTS
from hypothesis import HealthCheck, given, settings
from oracle import canonical, read

from lakesmith.sources.mongodb.decoding.extended_json import object_text
from lakesmith.sources.mongodb.decoding.inspecting import id_text, tidied

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@QUIET
@given(DOCUMENTS)
def test_it_is_what_pymongo_writes(value):
    raw = bson.encode(value)
    told = object_text(raw, 0)
    assert json.loads(told, object_pairs_hook=list) == json.loads(
        json.dumps(canonical(read(raw))), object_pairs_hook=list
    )


@QUIET
@given(DOCUMENTS)
def test_whole_documents_are_tidy_as_they_are(value):
    raw = bson.encode(value)
    assert tidied(raw) == raw


def test_the_id_of_a_document_that_breaks_off_is_told():
    raw = bson.encode({"x": [1], "_id": bson.ObjectId("5f3b1c2d4e5f60718293a4b5"), "y": "long enough"})
    assert id_text(raw[:-8]) == '{"$oid": "5f3b1c2d4e5f60718293a4b5"}'
    assert json_util.loads(id_text(raw[:-8])) == bson.ObjectId("5f3b1c2d4e5f60718293a4b5")
    assert id_text(raw[:12]) is None
    assert id_text(b"\1") is None
    assert id_text(b"") is None
