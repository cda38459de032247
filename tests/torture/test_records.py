"""The records of histories are what their files say, and a table whose field ids are not those of its files is seen."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakesmith.errors import ForeignCommitError, StorageUnavailableError
from lakesmith.lake.upkeep.collect import Swept
from lakesmith.testing.torture import ordeals
from lakesmith.testing.torture.actors import Actor
from lakesmith.testing.torture.columns import read_rows
from lakesmith.testing.torture.history import _problems, play
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.mutants import applied
from lakesmith.testing.torture.parts import GROWING_PARTS, GrowingParts
from lakesmith.testing.torture.records import (
    RUN,
    is_csv,
    is_rejected,
    line_of,
    line_of_row,
    lines_of,
    read_records,
    record,
)
from lakesmith.testing.torture.story import Step, Story
from lakesmith.testing.torture.world import STREAM, pausing

FROM_THE_TABLE = "field ids of a group from the table alone"
ALL = 1 << 30


@pytest.mark.parametrize("run", range(7))
def test_others_read_what_a_file_is_made_of(run):
    numbers = range(RUN * run, RUN * (run + 1))
    lines, rejects = lines_of(2, numbers)
    whole = [record(2, at) for at in numbers if not is_rejected(at)]
    if is_csv(numbers[0]):
        read = [row for row in csv.DictReader(io.StringIO("\n".join(lines))) if None not in row.values()]
        assert read == [{name: str(value) for name, value in row.items()} for row in whole]
    else:
        assert [json.loads(line) for line in lines if line not in rejects] == whole
    assert len(rejects) == len(numbers) - len(whole)


def test_records_are_nested_and_flat_and_have_ever_more_parts():
    flat = {is_csv(at) for at in range(30)}
    assert flat == {True, False}
    parts = [record(0, at)["parts"].keys() for at in range(30) if not is_csv(at)]
    assert len({*map(tuple, parts)}) == 4
    assert len({line_of(at) for at in range(60)}) == 60
    assert "size" not in record(0, 2)["buyer"]
    assert "size" in record(0, 3)["buyer"]


def test_the_real_readers_count_what_was_written():
    found = list(read_records(0, range(30)))
    assert sum(one.rows.num_rows for one in found) == sum(not is_rejected(at) for at in range(30))
    assert sum(one.counted for one in found) == 30
    assert sum(len(one.rejects) for one in found) == 6


def test_an_empty_list_beside_its_column_is_the_list():
    row = {**record(0, 0), "lines": None, "lines__json": "[]"}
    assert line_of_row(row) == line_of(0)
    assert line_of_row({**record(0, 1), "lines": None}) != line_of(1)


def test_columns_and_parts_are_found_by_their_ids_alone():
    def field(name, type_, id_):
        return pa.field(name, type_, metadata={"PARQUET:field_id": str(id_)})

    part = pa.struct([field("p", pa.int64(), 4), field("q", pa.int64(), 5)])
    columns = [field("a", pa.list_(field("element", part, 3)), 2), field("b", part, 9)]
    out = io.BytesIO()
    one = {"p": 1, "q": 2}
    pq.write_table(pa.Table.from_pylist([{"a": [one], "b": one}, {"a": None, "b": None}], pa.schema(columns)), out)
    inside = {
        "type": "struct",
        "fields": [{"id": 5, "name": "p", "type": "long"}, {"id": 7, "name": "q", "type": "long"}],
    }
    listed = {"type": "list", "element-id": 3, "element": inside}
    schema = {"fields": [{"id": 2, "name": "x", "type": listed}, {"id": 8, "name": "b", "type": inside}]}
    assert read_rows(out.getvalue(), schema) == [{"x": [{"p": 2}]}, {"x": None}]
    other = {"fields": [{"id": 2, "name": "x", "type": {**listed, "element-id": 6}}]}
    assert read_rows(out.getvalue(), other)[0] == {"x": None}


@pytest.mark.parametrize(
    ("mutant", "broken"), [(FROM_THE_TABLE, "stuck: .*field id"), (f"{FROM_THE_TABLE}, unchecked", "values: ")]
)
def test_ids_that_shift_within_a_group_are_seen_by_a_history(mutant, broken):
    story = Story(1, "append", (Step("load"), Step("grow", 9), Step("load")), group_bytes=ALL)
    with pausing():
        assert play(story).broken is None
        with applied(mutant), pytest.raises(BrokenError, match=broken):
            raise play(story).broken


@pytest.mark.parametrize("ordeal", GROWING_PARTS[:2], ids=lambda ordeal: ordeal.name)
def test_loads_of_growing_parts_are_one_group_and_hold_what_was_written(tmp_path, ordeal):
    ordeal.prepare(tmp_path)
    ordeal.act(tmp_path)
    ordeal.check(tmp_path)
    assert len(ordeals.open_table(tmp_path).history()) == 1 + ordeal.later


def test_ids_that_shift_within_a_group_are_seen_by_a_load_that_is_killed(tmp_path):
    with applied(f"{FROM_THE_TABLE}, unchecked"):
        GrowingParts().prepare(tmp_path)
        GrowingParts().act(tmp_path)
    with pytest.raises(BrokenError, match="lost: 7 rows"):
        GrowingParts().check(tmp_path)


def test_a_collector_that_deletes_nothing_is_seen(tmp_path):
    ordeal = ordeals.Collecting()
    ordeal.loads.prepare(tmp_path)
    table = ordeal.loads.load(tmp_path)
    ordeals.sweep(table.services)
    for file in (tmp_path / "lake").rglob("snap-*.avro"):
        file.write_bytes(b"no list of files")
    with pytest.raises(StorageUnavailableError, match="cannot be read"):
        ordeals.sweep(table.services)


@pytest.mark.long
def test_why_a_pass_deleted_nothing_is_told():
    problem = ForeignCommitError("Somebody added rows.", where="here", fix="ask them")
    actor = Actor("collect 1", lambda: [Swept(STREAM, (), problem), Swept(None)])
    actor.resume()
    assert _problems(actor) == [problem]
