"""Six collections that people know arrive whole, every document and every value, and what changes its type is on record."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bson import ObjectId, json_util
from reading_collections import trial_of

from lakesmith.shape.names import fold

DATA = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "mongo"
COLLECTIONS = {"books": 431, "countries-small": 248, "covers": 5071, "grades": 280, "profiles": 1515, "students": 200}
DRIFT = {"books": ("value_incompatible", "_id", "sibling")}
FAST = ("books", "grades")
SMALL = {"split_kb": 64, "batch_kb": 32, "workers": 2}


def documents_of(name):
    """Return a collection as the driver's own reader of extended JSON has it."""
    file = DATA / f"{name}.json"
    if not file.is_file():
        pytest.skip("needs LAKESMITH_TEST_DATA")
    text = file.read_text()
    lines = [text] if text.lstrip().startswith("[") else text.splitlines()
    read = [json_util.loads(line) for line in lines if line.strip()]
    return read[0] if len(read) == 1 and isinstance(read[0], list) else read


def plain(value):
    """Return a value of a document as a row should have it: folded names, without nulls, times in UTC, ids as text."""
    if isinstance(value, dict):
        parts = [(name, part) for name, part in value.items() if part is not None]
        return {name: plain(part) for name, (_, part) in zip(fold([name for name, _ in parts]), parts, strict=True)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def together(value):
    """Return a value of a row with what stands in siblings brought back into its column, and without nulls."""
    if isinstance(value, list):
        return [together(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, part in value.items():
        base, _, kind = name.rpartition("__")
        if part is None or name.startswith("_ls_"):
            continue
        found[base if base and kind in {"string", "json", "double"} else name] = (
            plain(json.loads(part)) if kind == "json" and base else together(part)
        )
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else pytest.mark.long) for name in COLLECTIONS]
)
def test_every_document_arrives_equal(db, url, tmp_path, name):
    documents = documents_of(name)
    assert len(documents) == COLLECTIONS[name]
    db[name].insert_many(documents)
    trial = trial_of(url, tmp_path, name=name.replace("-", "_"), collection=name, source=SMALL)
    load = trial.load()
    assert load.counts.written == len(documents)
    assert load.counts.proven
    rows = {str(row["_id"]): row for row in map(together, trial.bronze().rows)}
    wanted = {str(document["_id"]): plain(document) for document in documents}
    assert rows.keys() == wanted.keys()
    wrong = [key for key, document in wanted.items() if rows[key] != document]
    assert not wrong, (len(wrong), rows[wrong[0]], wanted[wrong[0]])
    if name in DRIFT:
        assert DRIFT[name] in {(drift.kind, drift.column, drift.outcome) for drift in load.drift}


def test_ids_of_two_types_stay_distinct_in_what_is_current(db, url, tmp_path):
    documents = documents_of("books")
    db.books.insert_many([{**document, "n": n} for n, document in enumerate(documents)])
    trial = trial_of(url, tmp_path, name="books", mode="dedupe", key=("_id_key",), cursor="n", source=SMALL)
    assert trial.load().counts.written == 431
    keys = [row["_id_key"] for row in trial.bronze().rows]
    assert len(set(keys)) == 431
    assert sum(key.startswith("objectId:") for key in keys) == 32
    assert sum(key.startswith("number:") for key in keys) == 399
