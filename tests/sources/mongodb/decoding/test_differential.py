"""Decoded rows against pymongo's own reading of the same bytes: every type, depth and mixture."""

from __future__ import annotations

import pytest
from documents import DOCUMENTS, encoded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import check_rows, rows_of

from lakesmith.sources.mongodb.decoding import Decoder

QUIET = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@QUIET
@given(st.lists(DOCUMENTS, min_size=1, max_size=6))
def test_every_value_is_told_once(documents):
    raw = encoded(documents)
    decoded = Decoder().decode(b"".join(raw))
    assert decoded.rejects == ()
    assert decoded.documents == len(raw)
    check_rows(rows_of(decoded), raw)


@settings(QUIET, max_examples=25)
@given(st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_documents_that_repeat_their_shape_are_told_likewise(documents):
    raw = encoded(documents, copies=20)
    decoder = Decoder()
    for _ in range(2):
        decoded = decoder.decode(b"".join(raw))
        assert decoded.rejects == ()
        check_rows(rows_of(decoded), raw)


@pytest.mark.long
@settings(QUIET, max_examples=300)
@given(st.lists(DOCUMENTS, min_size=1, max_size=8), st.integers(1, 30))
def test_every_value_is_told_once_in_many_more_documents(documents, copies):
    raw = encoded(documents, copies)
    decoded = Decoder(max_fields=8).decode(b"".join(raw))
    assert decoded.rejects == ()
    check_rows(rows_of(decoded), raw)
