"""What files are made of is known: other programs than ours read the same from them, and the truth sees what is missing or too much."""

import csv
import gzip
import io
import json
import xml.etree.ElementTree as ET
import zipfile

import openpyxl
import pyarrow.parquet as pq
import pytest

from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.torture.arrivals import LateTypes, Unrest
from lakesmith.testing.torture.deliveries import EVERYWHERE, SAMPLED, FileLoads
from lakesmith.testing.torture.file_kills import Plan, _chosen, figures
from lakesmith.testing.torture.kinds import KINDS
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.truth import Truth

NUMBERS = range(4, 11)


def as_texts(rows):
    return [{name: str(value) for name, value in row.items() if value not in (None, "")} for row in rows]


def from_csv(content):
    header, *records = csv.reader(io.StringIO(content.decode()))
    return [dict(zip(header, record, strict=True)) for record in records if len(record) == len(header)]


def from_zip(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = from_csv(archive.read("one.csv"))
        return first + from_csv(gzip.decompress(archive.read("in/two.csv.gz")))


def from_xlsx(content):
    header, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


READERS = {
    "csv": from_csv,
    "csv.gz": lambda content: from_csv(gzip.decompress(content)),
    "zip": from_zip,
    "xml": lambda content: [{part.tag: part.text for part in item} for item in ET.fromstring(content)],
    "xlsx": from_xlsx,
    "json": lambda content: [item for item in json.loads(content)["items"] if isinstance(item, dict)],
    "jsonl": lambda content: [json.loads(line) for line in content.decode().splitlines() if line.endswith("}")],
    "parquet": lambda content: pq.read_table(io.BytesIO(content)).to_pylist(),
}


@pytest.mark.parametrize("name", READERS)
def test_others_read_what_a_file_was_made_of(name):
    made = KINDS[name].make(NUMBERS, 99)
    assert as_texts(READERS[name](made.content)) == as_texts(made.rows)
    assert len(made.rows) == len(NUMBERS)
    assert not KINDS[name].make(NUMBERS, None).rejects


def test_rows_of_different_numbers_differ():
    for kind in KINDS.values():
        lines = canonical_rows(kind.make(range(500), None).rows)
        assert len({*lines}) == 500


@pytest.mark.parametrize("ordeal", [FileLoads("zip"), LateTypes(), Unrest()], ids=lambda ordeal: ordeal.name)
def test_what_is_missing_or_too_much_is_seen(tmp_path, ordeal):
    ordeal.prepare(tmp_path)
    ordeal.act(tmp_path)
    ordeal.check(tmp_path)
    truth = Truth.of(tmp_path)
    name = next(name for name, said in truth.files.items() if said["rows"])
    row = truth.files[name]["rows"].pop()
    with pytest.raises(BrokenError, match="doubled: 1 rows too many"):
        truth.check(tmp_path)
    truth.files[name]["rows"] += [row, row]
    with pytest.raises(BrokenError, match="lost: 1 rows"):
        truth.check(tmp_path)
    truth.files[name]["rows"].pop()
    truth.before["rejects"].append("never put aside")
    with pytest.raises(BrokenError, match="lost: 1 records in quarantine"):
        truth.check(tmp_path)


def test_every_format_is_killed_in_every_mode():
    formats = {name for name in KINDS if name != "csv"}
    assert {ordeal.format for ordeal in EVERYWHERE} == {ordeal.format for ordeal in SAMPLED} == formats
    assert {ordeal.mode for ordeal in (*EVERYWHERE, *SAMPLED)} == {"append", "dedupe", "replace"}


def test_a_part_of_the_points_is_drawn_in_their_order_and_always_the_same():
    points = [f"run.load.begun:{number}" for number in range(1, 21)]
    plan = Plan(FileLoads("xml"), first=0.3)
    drawn = _chosen(points, plan)
    assert len(drawn) == 6
    assert drawn == _chosen(points, plan) == [point for point in points if point in drawn]
    assert _chosen(points, Plan(FileLoads("xml"))) == points
    assert len(_chosen(points, Plan(FileLoads("xml"), first=0.001))) == 1


def test_kills_are_counted_by_what_was_loaded():
    one = {"format": "xml", "first": 2, "second": 1, "random": 0, "passed": ["b", "a"], "broken": []}
    told = figures([one, {**one, "first": 5}, {**one, "format": "documents", "first": 0, "second": 0, "random": 4}])
    assert told["kills"]["xml"] == {"first": 7, "second": 2, "random": 0}
    assert told["kills"]["documents"]["random"] == 4
    assert (told["first"], told["second"], told["random"], told["points"]) == (7, 2, 4, ["a", "b"])
