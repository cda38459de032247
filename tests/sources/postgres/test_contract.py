"""The laws of a source, for each way in which a table is read."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest

from lakesmith.sources.postgres import PostgresSource
from lakesmith.testing import Records, SourceContract

START = datetime(2026, 1, 1, tzinfo=UTC)


def _row(number, note="first"):
    return {
        "id": number,
        "seen": START + timedelta(minutes=number),
        "amount": Decimal(number) / 4,
        "note": f"{note} {number}",
        "tags": [note, None],
    }


class PostgresContract(SourceContract):
    source = PostgresSource
    secret = "pass-word"
    types = MappingProxyType({"id": "int", "seen": "timestamptz", "amount": "decimal(12, 2)", "note": "string"})

    @pytest.fixture(autouse=True)
    def _server(self, db, url):
        self.db = db
        self.options = {"url": url, "split_kb": 16, "batch_kb": 4, "connections": 2}

    def prepare(self, _folder):
        self._create()
        return self._insert(_row(number) for number in range(1, 401))

    def grow(self, _folder):
        tie = {**_row(401, "tie"), "seen": START + timedelta(minutes=400)}
        return self._insert([tie, *(_row(number, "second") for number in range(402, 420))])

    def empty(self, _folder):
        self._create()

    def spoil(self, _folder):
        self.db.execute("drop table records")

    def _create(self):
        columns = "id int primary key, seen timestamptz, amount numeric(12, 2), note text, tags text[]"
        self.db.execute(f"create table records ({columns}) with (fillfactor = 20)")

    def _insert(self, rows):
        rows = list(rows)
        with self.db.cursor() as cursor:
            cursor.executemany("insert into records values (%(id)s, %(seen)s, %(amount)s, %(note)s, %(tags)s)", rows)
        return Records(rows)


@pytest.mark.long
class TestReplace(PostgresContract):
    mode = "replace"
    knows_news = False

    @pytest.mark.long
    def test_crash(self, tmp_path):
        super().test_crash(tmp_path)


FEW_KILLS = ((1, "run.load.committed"), (2, "lake.commit.landed"))
"""The other modes share most of what is between the crash points."""


@pytest.mark.long
class TestAppend(PostgresContract):
    mode = "append"
    kills = FEW_KILLS
    stream_options = MappingProxyType({"cursor": "seen"})


class TestDedupe(PostgresContract):
    mode = "dedupe"
    kills = FEW_KILLS[1:]
    key = ("id",)
    stream_options = MappingProxyType({"cursor": "seen", "look_back": "5m"})


@pytest.mark.long
class TestDedupeEverywhere(TestDedupe):
    """The same, killed in the first load too."""

    kills = FEW_KILLS
