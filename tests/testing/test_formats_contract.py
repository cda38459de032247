# ruff: noqa: RUF012 - contracts are written as in the documentation
"""The files source keeps the contract for every kind of file. The kills are few here: `make torture` has the others."""

import shutil
from pathlib import Path
from typing import ClassVar

import pytest

from lakesmith.sources.files import FilesSource
from lakesmith.testing import Records, SourceContract
from lakesmith.testing.torture.kinds import KINDS, Kind, Made

FEW_KILLS = ((2, "run.load.split_read"), (2, "run.load.before_commit"))


class FormatContract(SourceContract):
    """Two files, one of which cannot be read in one place where the kind has such; then one that grows, and a third one."""

    source = FilesSource
    kind: ClassVar[Kind]
    kills = FEW_KILLS
    bad_at: ClassVar[dict[str, str]] = {}
    """Where the record is that cannot be read, by file."""

    @pytest.mark.long  # the fast suite kills the loads of CSV files, and plans those in a new process
    def test_crash(self, tmp_path: Path) -> None:
        super().test_crash(tmp_path)

    @pytest.mark.long
    def test_planning_is_light(self, tmp_path: Path) -> None:
        super().test_planning_is_light(tmp_path)

    def put(self, folder: Path, name: str, made: Made) -> Records:
        path = folder / "in" / f"{name}{self.kind.suffix}"
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            file.write(made.content)
        return Records(made.rows, [self.bad_at[name] for _ in made.rejects])

    def prepare(self, folder: Path) -> Records:
        first = self.put(folder, "a", self.kind.make(range(20), 99))
        return first + self.put(folder, "b", self.kind.make(range(100, 107), None))

    def grow(self, folder: Path) -> Records:
        later = self.put(folder, "c", self.kind.make(range(200, 204), None))
        if self.kind.goes_on is None:
            return later
        return later + self.put(folder, "b", self.kind.goes_on(range(300, 302), 99))

    def empty(self, folder: Path) -> None:
        (folder / "in").mkdir()

    def spoil(self, folder: Path) -> None:
        shutil.rmtree(folder / "in")


class TestJsonl(FormatContract):
    kind = KINDS["jsonl"]
    stream_options = {"files": "in/*.jsonl"}
    types = {"id": "long", "price": "double", "lines": "list<struct<sku: string, n: long>>"}
    bad_at = {"a": "in/a.jsonl:21", "b": "in/b.jsonl:10"}


class TestJson(FormatContract):
    kind = KINDS["json"]
    stream_options = {"files": "in/*.json", "rows": "items"}
    types = {"id": "long", "buyer": "struct<name: string, tags: list<string>>"}
    bad_at = {"a": "in/a.json:22"}


class TestXml(FormatContract):
    kind = KINDS["xml"]
    stream_options = {"files": "in/*.xml"}
    types = {"id": "long", "price": "double", "note": "string"}


@pytest.mark.long
class TestXlsx(FormatContract):
    kind = KINDS["xlsx"]
    stream_options = {"files": "in/*.xlsx"}
    types = {"id": "long", "price": "double", "note": "string"}
    is_counted = False


class TestParquet(FormatContract):
    kind = KINDS["parquet"]
    stream_options = {"files": "in/*.parquet"}
    types = {"amount": "decimal(12, 2)", "day": "date", "moment": "timestamptz", "is_new": "boolean"}


@pytest.mark.long
class TestPackedCsv(FormatContract):
    kind = KINDS["csv.gz"]
    stream_options = {"files": "in/*.csv.gz"}
    types = {"id": "long", "price": "double"}
    bad_at = {"a": "in/a.csv.gz:22"}


class TestZip(FormatContract):
    kind = KINDS["zip"]
    stream_options = {"files": "in/*.zip"}
    types = {"id": "long", "price": "double"}
    bad_at = {"a": "in/a.zip/one.csv:12"}


@pytest.mark.long
class TestLog(FormatContract):
    kind = KINDS["log"]
    stream_options = {"files": "in/*.log", "format": "combined"}
    types = {"requested_at": "timestamptz", "status": "long"}
    bad_at = {"a": "in/a.log:21", "b": "in/b.log:10"}


@pytest.mark.long
class TestJsonlByKey(TestJsonl):
    """The same under a key, killed at every point that a source can tell apart."""

    mode = "dedupe"
    key = ("id",)
    kills = SourceContract.kills


@pytest.mark.long
class TestZipEverywhere(TestZip):
    """An archive, killed at every point that a source can tell apart."""

    kills = SourceContract.kills
