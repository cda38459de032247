"""The contract of sources, by every way a stream is asked for."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from rest_api import TOKEN, Shelf, figures, records

from lakesmith.simulate.apis.serving import ApiServer
from lakesmith.sources.rest import RestSource
from lakesmith.testing import Records, SourceContract

KILLS = (
    (1, "lake.stage.rows_written"),
    (1, "run.load.split_read"),
    (2, "run.load.before_commit"),
    (2, "lake.commit.landed"),
)


class FolderClock:
    """A clock that a file in a folder sets, for children, too."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "now"

    def now(self) -> datetime:
        text = self._file.read_text() if self._file.exists() else "2026-11-21T08:00:00"
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def steady_s(self) -> float:
        return 0.0


class ClockedSource(RestSource):
    """The source, at a time of its own."""

    def __init__(self, context) -> None:
        super().__init__(context, FolderClock(context.root))


class RestContract(SourceContract):
    source = ClockedSource
    secret = TOKEN
    kills = KILLS

    @pytest.mark.long
    def test_crash(self, tmp_path: Path) -> None:
        super().test_crash(tmp_path)

    @pytest.fixture(autouse=True)
    def _server(self):
        self.shelf = Shelf()
        with ApiServer(self.shelf) as server:
            self.options = {
                "base_url": server.url,
                "auth": {"type": "bearer", "token": TOKEN},
                "allow_hosts": ["127.0.0.1"],
                "rate": {"requests": 1000, "per_s": 1, "concurrent": 2},
                "retries": {"first_s": 0.01},
            }
            yield

    def spoil(self, folder: Path) -> None:  # noqa: ARG002
        self.shelf.token = "another one"

    def empty(self, folder: Path) -> None:
        pass

    @staticmethod
    def known(rows: list[dict]) -> Records:
        return Records(copy.deepcopy(rows))


class TestWindows(RestContract):
    stream_options: ClassVar = {
        "path": "days",
        "params": {"since": "{since}", "until": "{until}"},
        "records": "rows",
        "paging": {"type": "cursor", "param": "after", "next": "next"},
        "incremental": {"start": "2026-11-16"},
        "types": {"day": "date", "cost": "decimal(10, 2)"},
    }
    types: ClassVar = {"clicks": "long", "cost": "decimal(10, 2)", "day": "date"}

    def prepare(self, folder: Path) -> Records:  # noqa: ARG002
        self.shelf.days = figures([f"2026-11-{day}" for day in range(16, 23)])
        return self._typed(figures([f"2026-11-{day}" for day in range(16, 21)]))

    def grow(self, folder: Path) -> Records:
        (folder / "now").write_text("2026-11-23T00:00:01")
        return self._typed(figures(["2026-11-21", "2026-11-22"]))

    def _typed(self, rows: list[dict]) -> Records:
        from datetime import date
        from decimal import Decimal

        return Records([row | {"day": date.fromisoformat(row["day"]), "cost": Decimal(row["cost"])} for row in rows])


@pytest.mark.long
class TestWindowsReadAgain(TestWindows):
    """Nothing is restated here: what is read again lands again, and counts once by its key."""

    mode = "dedupe"
    key = ("day", "campaign")
    stream_options: ClassVar = TestWindows.stream_options | {
        "incremental": {"start": "2026-11-16", "window": "2d", "look_back": "2d"}
    }

    test_growth = test_crash = None  # a look-back reads more than what was added: see test_windows.py


class TestCursor(RestContract):
    knows_news = False
    stream_options: ClassVar = {
        "path": "changed",
        "params": {"since": "{since}"},
        "records": "rows",
        "paging": {"type": "cursor", "param": "after", "next": "next"},
        "incremental": {"cursor": "seen", "format": "iso"},
    }

    @pytest.mark.long
    def test_planning_is_light(self, tmp_path: Path) -> None:
        super().test_planning_is_light(tmp_path)

    def prepare(self, folder: Path) -> Records:  # noqa: ARG002
        self.shelf.records = records(11)
        return self.known(self.shelf.records)

    def grow(self, folder: Path) -> Records:  # noqa: ARG002
        added = records(6, 12)
        self.shelf.records = self.shelf.records + added
        return self.known(added)


@pytest.mark.long
class TestWhole(RestContract):
    mode = "replace"
    knows_news = False
    kills = KILLS[:2]
    stream_options: ClassVar = {
        "path": "offset",
        "records": "data.items",
        "paging": {"type": "offset", "size": 3, "size_param": "limit", "total": "meta.total"},
    }

    def prepare(self, folder: Path) -> Records:  # noqa: ARG002
        self.shelf.records = records(11)
        return self.known(self.shelf.records)

    def grow(self, folder: Path) -> Records:  # noqa: ARG002
        added = records(4, 12)
        self.shelf.records = self.shelf.records + added
        return self.known(added)


@pytest.mark.long
class TestWholeStable(TestWhole):
    stream_options: ClassVar = {"path": "link", "paging": {"type": "link"}}


del RestContract
