"""ORC against the table it was written from."""

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import orc
from table_reading import look, moment, read, shaped, table

from lakesmith.errors import SourceDataError

KINDS = {
    "bool": pa.array([True, None, False]),
    "long": pa.array([-(2**63), None, 2**63 - 1]),
    "double": pa.array([0.1, None, 1e300]),
    "decimal": pa.array([Decimal("1.25"), None, Decimal("-99999.99")], pa.decimal128(7, 2)),
    "date": pa.array([dt.date(1970, 1, 1), None, dt.date(9999, 12, 31)]),
    "seen": pa.array([0, None, 1_700_000_000_000_000_000], pa.timestamp("ns")),
    "text": pa.array(["ä", None, ""]),
    "blob": pa.array([b"\0\xff", None, b""], pa.binary()),
    "list": pa.array([[1, None], None, []], pa.list_(pa.int64())),
    "record": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
}


def written(content: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    orc.write_table(content, file, **how)
    return file.getvalue()


def test_all_types_come_as_they_were_written():
    content = pa.table(KINDS)
    assert table(read(written(content), "orc")).to_pydict() == content.to_pydict()


def test_all_types_pass_through_shape():
    made = shaped(read(written(pa.table(KINDS)), "orc")).to_pydict()
    expected = {name: column.to_pylist() for name, column in KINDS.items()}
    assert made == expected | {"seen": [moment(1970, 1, 1), None, moment(2023, 11, 14, 22, 13, 20)]}


@pytest.mark.long
def test_stripes_add_up_to_the_count_of_the_file():
    content = pa.table({"n": range(150_000), "text": [f"text {n}" for n in range(150_000)]})
    file = written(content, stripe_size=64 * 1024, batch_size=1024)
    assert orc.ORCFile(io.BytesIO(file)).nstripes > 1
    stretches = read(file, "orc")
    assert table(stretches).to_pydict() == content.to_pydict()
    assert sum(one.counted for one in stretches) == 150_000


def test_times_beyond_what_arrow_holds_are_refused_not_wrapped_around():
    with pytest.raises(SourceDataError, match="out of range for nanosecond resolution"):
        read(written(pa.table({"seen": pa.array([moment(9999, 12, 31)], pa.timestamp("us"))})), "orc")


@pytest.mark.parametrize("cut", [0, 3, 100, -1, -20])
def test_a_file_that_is_cut_off_is_refused(cut):
    content = written(pa.table({"n": range(1000)}))
    with pytest.raises(SourceDataError, match="The file cannot be read as an ORC file"):
        read(content[:cut], "orc")


def test_what_check_shows():
    assert look(written(pa.table({"id": [1, 2]})), "orc").text == "2 rows in 1 stripe, columns id int64"
