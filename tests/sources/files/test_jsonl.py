"""JSON lines against Python's own reader, line by line."""

import json
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from file_reading import read
from nested_oracle import same

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask
from lakesmith.sources.files.formats.nested.json_records import MOST_CUTS, RecordReader
from lakesmith.sources.files.formats.nested.jsonl import Lines


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("name", ["books", "countries-small", "covers", "grades", "profiles", "students"])
def test_every_record_of_real_extended_json(delivery, test_data: Path, name: str) -> None:
    path = test_data / "mongo" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no test data: {path}")
    rows, rejects = read(delivery, "m.json", path.read_bytes(), format="jsonl")
    expected = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    assert rejects == []
    assert len(rows) == len(expected) > 0
    assert all(map(same, rows, expected))


def test_nested_values_stay_typed() -> None:
    data = lines({"id": 1, "a": {"b": [1, 2], "c": {"d": "x"}}, "l": [{"p": 1.5}, {"q": True}]}).encode()
    piece = RecordReader("x").read(Lines(data, 1, 1))[0]
    inner = pa.struct([("b", pa.list_(pa.int64())), ("c", pa.struct([("d", pa.string())]))])
    assert piece.rows.schema.field("a").type == inner
    assert piece.rows.schema.field("l").type == pa.list_(pa.struct([("p", pa.float64()), ("q", pa.bool_())]))
    assert piece.rows.schema.names == ["id", "a", "l"]


@pytest.mark.parametrize(
    "text", ["2024-01-01", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00", "12", "true", "", "null"]
)
def test_a_text_is_a_text_whatever_it_looks_like(delivery, text: str) -> None:
    rows, _ = read(delivery, "a.jsonl", lines({"a": text, "b": {"c": [text]}}) * 2)
    assert rows == [{"a": text, "b": {"c": [text]}}] * 2


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", Decimal(2**63)),
        ("1" * 38, Decimal("1" * 38)),
        ("1" * 39, "1" * 39),
        ("1" * 5000, "1" * 5000),
        ("0.1", 0.1),
        ("57.92947112575566", 57.92947112575566),
        ("0.012345678901234567", 0.012345678901234567),
        ("0.10000000000000000555", "0.10000000000000000555"),
        ("1234567890.12345678901", "1234567890.12345678901"),
        ("1e400", "1e400"),
        ("1e-400", "1e-400"),
        ("0e-400", 0.0),
        ("5e-324", "5e-324"),
        ("1E5", 100000.0),
        ("-0.0", -0.0),
        ("1.0", 1.0),
    ],
)
def test_a_number_is_exact_or_text(delivery, written: str, value: object) -> None:
    alone, _ = read(delivery, "a.jsonl", f'{{"a": {written}}}\n')
    deep, _ = read(delivery, "b.jsonl", f'{{"a": {{"b": [{written}]}}}}\n')
    assert (alone, deep) == ([{"a": value}], [{"a": {"b": [value]}}])
    assert type(alone[0]["a"]) is type(value)


@pytest.mark.parametrize("great", [2**53 + 1, 2**63 - 1, 2**63, 2**70])
def test_a_great_number_beside_fractions_is_not_rounded(delivery, great: int) -> None:
    rows, _ = read(delivery, "a.jsonl", lines({"a": 0.5}, {"a": great}, {"a": 3}))
    assert [row["a"] for row in rows] == [0.5, great, 3]


def test_values_of_several_kinds_keep_their_kind_and_order(delivery) -> None:
    values = [1, 2, "x", {"b": 1}, None, [1, 2], 3.5, True, {"b": "y"}, [], {}]
    rows, rejects = read(delivery, "a.jsonl", lines(*({"n": n, "a": value} for n, value in enumerate(values))))
    assert rejects == []
    assert [row["n"] for row in rows] == list(range(len(values)))
    # beside columns of other kinds, an empty list or object arrives as text: it would have no type of its own
    assert all(map(same, [row["a"] for row in rows][:9], values[:9]))


def test_a_list_of_several_kinds_holds_texts(delivery) -> None:
    rows, _ = read(delivery, "a.jsonl", lines({"a": [1, "x", {"b": None}, [True], None]}))
    assert rows == [{"a": ["1", "x", '{"b": null}', "[true]", None]}]


def test_kinds_that_alternate_often_become_text_where_they_do() -> None:
    records = [{"n": n, "a": n if n % 2 else f"t{n}"} for n in range(4 * MOST_CUTS)]
    pieces = RecordReader("x").read(Lines(lines(*records).encode(), 1, len(records)))
    assert len(pieces) == 1
    assert pieces[0].rows.to_pylist() == [{"n": one["n"], "a": str(one["a"])} for one in records]


def test_one_other_value_among_many_costs_two_cuts() -> None:
    records = [{"a": n, "pad": "x" * 100} for n in range(20_000)]
    records[7_000]["a"] = "n/a"
    data = lines(*records).encode()
    pieces = RecordReader("x").read(Lines(data, 1, len(records)))
    assert [row for piece in pieces for row in piece.rows.to_pylist()] == records
    assert len(pieces) <= 3
    assert [piece.rows.schema.field("a").type for piece in pieces] == [pa.int64(), pa.string(), pa.int64()]


def test_empty_object_empty_list_and_null_are_told_apart(delivery) -> None:
    rows, _ = read(delivery, "a.jsonl", lines({"o": {"x": 1}, "l": [1]}, {"o": {}, "l": []}, {"o": None, "l": None}))
    assert rows == [{"o": {"x": 1}, "l": [1]}, {"o": {"x": None}, "l": []}, {"o": None, "l": None}]


@pytest.mark.parametrize("empty", [[], {}])
def test_what_is_empty_beside_another_kind_comes_as_it_is(delivery, empty: object) -> None:
    rows, _ = read(delivery, "a.jsonl", lines({"a": 1}, {"a": empty}))
    assert rows == [{"a": 1}, {"a": empty}]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{'a': 1}", "not JSON: expecting property name enclosed in double quotes, column 2"),
        ('{"a": 1', "not JSON: expecting ',' delimiter, column 8"),
        ('{"a": 1}{"a": 2}', "not JSON: extra data, column 9"),
        ("5", "the record is a number, not an object"),
        ("[1, 2]", "the record is a list, not an object"),
        ("null", "the record is null, not an object"),
        ('{"a": 1, "a": 2}', 'the key "a" stands twice in one object'),
        ('{"a": {"b": 1, "b": 1}}', 'the key "b" stands twice in one object'),
        (r'{"a": "\ud800"}', "a text holds half of a surrogate pair, which is no character"),
        ('{"a": "x\x00y"}', "not JSON: invalid control character at, column 9"),
        ('{"a":' * 33 + "1" + "}" * 33, "objects and lists are nested deeper than 32 levels"),
        ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "objects and lists are nested deeper than 32 levels"),
    ],
)
def test_a_line_that_cannot_be_a_row_is_put_aside_and_the_rest_loads(delivery, bad: str, reason: str) -> None:
    rows, rejects = read(delivery, "a.jsonl", '{"a": 1}\n' + bad + '\n\n{"a": 3}\n')
    assert rows == [{"a": 1}, {"a": 3}]
    assert [(one.reason, one.where) for one in rejects] == [(reason, "a.jsonl:2")]
    assert rejects[0].raw == bad[: 64 * 1024]


def test_bytes_that_are_no_text(delivery) -> None:
    rows, rejects = read(delivery, "a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n')
    assert rows == [{"a": 1}]
    assert [one.reason for one in rejects] == ["the record is not valid utf-8"]
    assert read(delivery, "b.jsonl", b'{"a": "\xfc"}\n', encoding="latin-1")[0] == [{"a": "ü"}]


def test_marks_blank_lines_and_windows_line_ends(delivery) -> None:
    rows, rejects = read(delivery, "a.jsonl", b'\xef\xbb\xbf\r\n  \r\n {"a": "\\u0000"}\r\n\t\n{"a": "b"}')
    assert rows == [{"a": "\0"}, {"a": "b"}]
    assert rejects == []


def test_a_record_over_the_limit_is_put_aside(delivery) -> None:
    rows, rejects = read(delivery, "a.jsonl", '{"a": "' + "x" * 9_000_000 + '"}\n{"a": "y"}\n')
    assert rows == [{"a": "y"}]
    assert [(one.reason, one.where, one.cut) for one in rejects] == [
        ("the record is longer than 8 MB", "a.jsonl:1", True)
    ]


def test_utf_16_is_refused(delivery) -> None:
    with pytest.raises(SourceDataError, match="UTF-16"):
        read(delivery, "a.jsonl", '{"a": 1}\n'.encode("utf-16"))


def test_a_file_that_grows_is_read_on(delivery) -> None:
    delivery.put("a.jsonl", '{"a": 1}\n{"a": "x"}\n{"a": 2}\n{"a": ')
    stream = delivery.stream("a.jsonl")
    first = delivery.load(stream)
    assert (first.rows, [one.reason for one in first.rejects]) == (
        [(1,), ("x",), (2,)],
        ["the file ends in the middle of a record"],
    )
    delivery.put("a.jsonl", '{"a": 1}\n{"a": "x"}\n{"a": 2}\n{"a": 4}\n{"a": 5}')
    second = delivery.load(stream, first.position)
    assert second.rows == [(4,), (5,)]
    assert list(delivery.source(stream).splits(stream, Ask(since=second.position))) == []


def test_check_says_what_there_is(delivery) -> None:
    delivery.put("a.jsonl", lines({"a": 1, "b": 2}, {"a": "x"}))
    stream = delivery.stream("a.jsonl")
    findings = list(delivery.source(stream).check())
    assert any("one object a line, 2 fields: a, b" in one.text for one in findings)
    assert any("values of several types in a" in one.text for one in findings)


@pytest.mark.parametrize("value", [1, 1.5, "x", True, {"p": 1}, [2]])
def test_null_at_the_beginning_of_a_list_is_kept(delivery, value: object) -> None:
    records = [{"a": [None, value]}, {"a": [None, None, value]}, {"a": [value], "b": {"c": [[None], [None, value]]}}]
    rows, rejects = read(delivery, "a.jsonl", lines(*records))
    assert rejects == []
    assert all(map(same, rows, records))


@pytest.mark.parametrize(("levels", "loaded"), [(32, 3), (33, 0)])
def test_nesting_is_limited_also_where_all_records_are_alike(delivery, levels: int, loaded: int) -> None:
    rows, rejects = read(delivery, "a.jsonl", ('{"a":' * levels + "1" + "}" * levels + "\n") * 3)
    assert (len(rows), len(rejects)) == (loaded, 3 - loaded)


def test_check_names_columns_whose_values_alternate(delivery) -> None:
    delivery.put("a.jsonl", lines(*({"a": n if n % 2 else {"k": n}, "b": n} for n in range(100))))
    stream = delivery.stream("a.jsonl")
    assert any("values of several types in a:" in one.text for one in delivery.source(stream).check())
