"""The laws of a source, for each way in which a collection is read."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from reading_collections import SharedSource

from lakesmith.testing import Records, SourceContract

START = datetime(2026, 1, 1, tzinfo=UTC)


def _document(number, note="first"):
    return {
        "_id": number,
        "seen": START + timedelta(minutes=number),
        "amount": number / 4,
        "note": f"{note} {number}",
        "tags": [note, None],
        "address": {"city": f"town {number % 7}", "zip": number},
    }


class MongoContract(SourceContract):
    source = SharedSource
    secret = "pass-word"
    types = MappingProxyType({"_id": "long", "seen": "timestamptz", "amount": "double", "note": "string"})

    @pytest.fixture(autouse=True)
    def _server(self, db, url):
        self.db = db
        self.options = {"url": url, "split_kb": 16, "batch_kb": 4, "workers": 2}

    def prepare(self, _folder):
        return self._insert(_document(number) for number in range(1, 401))

    def grow(self, _folder):
        tie = {**_document(401, "tie"), "seen": START + timedelta(minutes=400)}
        return self._insert([tie, *(_document(number, "second") for number in range(402, 420))])

    def empty(self, _folder):
        self.db.create_collection("records")

    def spoil(self, _folder):
        self.db["records"].drop()

    def _insert(self, documents):
        documents = list(documents)
        self.db["records"].insert_many(documents)
        return Records([self._row(document) for document in documents])

    def _row(self, document):
        return {**document, **({"_id_key": f"number:{document['_id']}"} if "_id_key" in self.key else {})}


@pytest.mark.long
class TestReplace(MongoContract):
    mode = "replace"
    knows_news = False


FEW_KILLS = ((1, "run.load.committed"), (2, "lake.commit.landed"))
"""The other modes share most of what is between the crash points."""


@pytest.mark.long
class TestAppend(MongoContract):
    mode = "append"
    kills = FEW_KILLS
    stream_options = MappingProxyType({"cursor": "seen"})


class TestDedupe(MongoContract):
    mode = "dedupe"
    kills = FEW_KILLS[1:]
    key = ("_id_key",)
    stream_options = MappingProxyType({"cursor": "seen", "look_back": "5m"})


@pytest.mark.long
class TestDedupeEverywhere(TestDedupe):
    """The same, killed in the first load too."""

    kills = FEW_KILLS
