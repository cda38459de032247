"""Every document of the collections of `LAKESMITH_TEST_DATA`."""

from __future__ import annotations

import os
from pathlib import Path

import bson
import pytest
from bson import json_util
from oracle import check_rows, rows_of

from lakesmith.sources.mongodb.decoding import Decoder

DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[5] / "shared" / "data")) / "mongo"
COLLECTIONS = {"books": 431, "countries-small": 248, "covers": 5071, "grades": 280, "profiles": 1515, "students": 200}


@pytest.mark.few(3)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_document_is_a_row(name):
    path = DATA / f"{name}.json"
    if not path.exists():
        pytest.skip("needs LAKESMITH_TEST_DATA")
    lines = path.read_text("utf-8").splitlines()
    raw = [bson.encode(json_util.loads(line)) for line in lines if line.strip()]
    decoded = Decoder().decode(b"".join(raw))
    assert decoded.rejects == ()
    assert decoded.documents == len(raw) == COLLECTIONS[name]
    check_rows(rows_of(decoded), raw)
