"""JSON documents against Python's own reader: where their rows are, how they are cut, what is refused."""

import json
import sys
from io import BytesIO
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from file_reading import read
from nested_oracle import same

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import Ask
from lakesmith.sources.files.formats.base import Tail
from lakesmith.sources.files.formats.nested.json import FORMAT
from lakesmith.sources.files.formats.nested.json_path import parse_path
from lakesmith.sources.files.options import FileStreamOptions

BESIDE = (
    "Rows of JSON documents were found at `data.items`, and what stands beside them is not loaded (page, data.next): "
    "set `rows: data.items` if that is right, `rows: .` for one row with everything in it."
)
RECORDS = [{"id": n, "name": f"n\n{n}", "tags": ["a"] * (n % 3), "in": {"x": n / 2}} for n in range(200)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_list_of_objects_in_every_encoding(delivery, encoding: str, indent: int | None) -> None:
    text = json.dumps([*RECORDS, {"name": "ü€😀"}], indent=indent, ensure_ascii=False)
    rows, rejects = read(delivery, "a.json", text.encode(encoding))
    assert rejects == []
    assert len(rows) == 201
    assert all(map(same, rows, [*RECORDS, {"name": "ü€😀"}]))


@pytest.mark.parametrize(
    ("document", "rows_at", "expected"),
    [
        ({"page": 1, "items": [{"a": 1}, {"a": 2}]}, None, [{"a": 1}, {"a": 2}]),
        ({"data": {"items": [{"a": 1}] * 9, "next": None}}, None, [{"a": 1}] * 9),
        ({"data": {"items": [{"a": 1}]}}, "data.items", [{"a": 1}]),
        ({"data": {"items": [{"a": 1}]}}, "/data/items", [{"a": 1}]),
        ({"data": {"x.y": [{"a": 1}]}}, "/data/x.y", [{"a": 1}]),
        ({"data": {"one": {"a": 1}}}, "data.one", [{"a": 1}]),
        ({"a": 1, "b": {"c": [1, 2]}}, None, [{"a": 1, "b": {"c": [1, 2]}}]),
        ({"page": 1, "items": [{"a": 1}]}, ".", [{"page": 1, "items": [{"a": 1}]}]),
        ({"order": {"id": 7, "note": "x" * 99, "lines": [{"q": 1}]}}, None, None),
        ({"product": {"id": 7, "variants": [{"id": n} for n in range(40)], "options": [{"n": 1}] * 5}}, None, None),
        ({"rows": [{"id": n} for n in range(40)], "errors": [{"n": 1}] * 3}, None, [{"id": n} for n in range(40)]),
        ({"order": {**dict.fromkeys("abcdefghi", 0), "lines": [{"text": "x" * 99}] * 9}}, None, None),
        ({**dict.fromkeys("abcdefgh", 0), "lines": [{"text": "x" * 99}] * 9}, None, [{"text": "x" * 99}] * 9),
        ({"items": []}, "items", []),
        ({"items": None}, "items", []),
        ([], None, []),
        ({}, None, [{}]),
        ([1, 2, None], None, [{"value": 1}, {"value": 2}, {"value": None}]),
        ([["a", "b"], ["c"]], None, [{"value": ["a", "b"]}, {"value": ["c"]}]),
        ({"ids": ["x", "y"], "n": 2}, None, [{"ids": ["x", "y"], "n": 2}]),
        ({"ids": ["x", "y"], "n": 2}, "ids", [{"value": "x"}, {"value": "y"}]),
    ],
)
def test_where_the_rows_are(delivery, document: object, rows_at: str | None, expected: list | None) -> None:
    options = {} if rows_at is None else {"rows": rows_at}
    rows, rejects = read(delivery, "a.json", json.dumps(document), **options)
    assert rejects == []
    expected = [document] if expected is None else expected
    assert len(rows) == len(expected)
    assert all(map(same, rows, expected))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [BESIDE]),
        ({"rows": "data.items"}, []),
        ({"rows": "."}, []),
    ],
)
def test_what_stands_beside_the_rows_is_told_unless_somebody_said_where_they_are(delivery, options, expected) -> None:
    delivery.put("a.json", json.dumps({"page": 1, "data": {"items": [{"a": 1}] * 9, "next": None}}))
    stream = delivery.stream("a.json", **options)
    source = delivery.source(stream)
    (split,) = source.splits(stream, Ask())
    assert [notice for chunk in source.read(stream, split, Ask()) for notice in chunk.notices] == expected


@pytest.mark.parametrize("between", ["\n", "", "\n\n", " "])
def test_objects_one_behind_the_other(delivery, between: str) -> None:
    rows, rejects = read(delivery, "a.json", between.join(map(json.dumps, RECORDS)))
    assert rejects == []
    assert len(rows) == len(RECORDS)
    assert all(map(same, rows, RECORDS))


def test_letters_that_look_like_structure(delivery) -> None:
    odd = [{"a": text} for text in ['"', '\\"', "\\", '\\\\"', "]", "}", ",", '],[{"', "\\\\", '\\",{"a": 1},{"']]
    assert read(delivery, "a.json", json.dumps(odd))[0] == odd
    assert read(delivery, "b.json", json.dumps({"x": '}]"', "rows": odd, "z": odd}), rows="rows")[0] == odd


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('[{"a": 1}] x', "(?s)something else follows its end.*byte 11"),
        ('[{"a": 1}]]', "something else follows its end"),
        ('{"a": 1} x', "something else follows its end"),
        ('{"rows": [{"a": 1}]} x', "something else follows its end"),
        ('[{"a": 1}, {"a": 2}', "ends too early"),
        ('[{"a": 1}, {"a": ', "ends too early"),
        ('{"a": 1', "ends too early"),
        ('[{"a": 1},]', "an element of the list is missing"),
        ('[{"a": 1},,{"a": 1}]', "an element of the list is missing"),
        ('[{"a": 1}}', "a list ends like an object"),
        ("hello", "neither a list nor an object"),
    ],
)
def test_a_broken_document_is_refused_as_a_whole(delivery, content: str, why: str) -> None:
    with pytest.raises(SourceDataError, match=why):
        read(delivery, "a.json", content)


def test_nothing_at_the_path(delivery) -> None:
    with pytest.raises(SourceDataError, match=r"nothing at `rows: result.items`"):
        read(delivery, "a.json", '{"result": {"x": []}}', rows="result.items")


def test_elements_that_are_no_objects_are_put_aside_with_their_line(delivery) -> None:
    rows, rejects = read(delivery, "a.json", '[{"a": 1},\n 5,\n {"a": 2},\n {"a": x},\n\n "t"]')
    assert rows == [{"a": 1}, {"a": 2}]
    assert [(one.where, one.reason, one.raw) for one in rejects] == [
        ("a.json:2", "the record is a number, not an object", "5"),
        ("a.json:4", "not JSON: expecting value, column 7", '{"a": x}'),
        ("a.json:6", "the record is a text, not an object", '"t"'),
    ]


def test_an_empty_file_of_blanks_has_no_rows(delivery) -> None:
    assert read(delivery, "a.json", " \n") == ([], [])


def test_a_document_larger_than_the_pieces_it_is_read_in(delivery) -> None:
    records = [{"id": n, "text": f'"]}},{{[\\{n}' * 9, "deep": {"l": [{"x": n}]}} for n in range(40_000)]
    rows, rejects = read(delivery, "a.json", json.dumps({"head": {"k": 1}, "rows": records, "tail": [1, {"b": "]"}]}))
    assert rejects == []
    assert rows == records


@pytest.mark.parametrize("name", ["github_events", "github_issues"])
def test_real_documents(delivery, test_data: Path, name: str) -> None:
    path = test_data / "json" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no test data: {path}")
    rows, rejects = read(delivery, "a.json", path.read_bytes())
    expected = json.loads(path.read_text())
    assert rejects == []
    assert len(rows) == len(expected) == 100
    assert all(map(same, rows, expected))


@pytest.mark.long
def test_every_real_json_file_of_other_people_goes_through_or_is_refused(delivery, test_data: Path) -> None:
    files = [*(test_data / "files").glob("*.json"), *(test_data / "marketing" / "shopify_api").glob("*.json")]
    if not files:
        pytest.skip(f"no test data: {test_data}")
    loaded = refused = 0
    for path in files:
        document = json.loads(path.read_text()) if _is_json(path) else None
        try:
            whole, aside = read(delivery, path.name, path.read_bytes(), rows=".")
        except SourceDataError:
            assert document is None
            refused += 1
            continue
        if document is None:
            assert aside
            continue
        listed = document if isinstance(document, list) else [document]
        expected = [item for item in listed if isinstance(item, dict)] or [{"value": item} for item in listed]
        assert len(whole) == len(expected)
        assert all(map(same, whole, expected)), path.name
        loaded += 1
    assert loaded / len(files) >= 0.98, (loaded, refused, len(files))


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return False
    return True


def test_check_shows_the_guess_and_what_it_leaves_out(delivery) -> None:
    delivery.put("a.json", json.dumps({"meta": 1, "items": [{"a": 1, "b": 2}]}))
    stream = delivery.stream("a.json")
    found = list(delivery.source(stream).check())
    texts = [f"{one.text} {one.fix}" for one in found]
    assert any("rows at `items` (found out), 2 fields: a, b" in text for text in texts)
    assert any("`meta` beside the rows is not loaded" in text and "set `rows: items`" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "path"),
    [("$.a.b", ("a", "b")), ("a", ("a",)), ("/a~0b/c", ("a~b", "c")), ("$", ()), (".", ()), ("/", ())],
)
def test_paths(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


def test_an_element_from_quarantine_is_read_again() -> None:
    tail = Tail("a.json", BytesIO(b""), FileStreamOptions(files="*.json", rows="x.y"))
    again = [row for stretch in FORMAT.again(b'{"a":\n 1}', tail) for row in stretch.rows.to_pylist()]
    assert again == [{"a": 1}]


def test_a_value_that_cannot_be_read_among_values_waits_as_it_came(delivery) -> None:
    rows, rejects = read(delivery, "a.json", "[1,\n oops, 3]")
    assert rows == [{"value": 1}, {"value": 3}]
    assert [(one.where, one.raw) for one in rejects] == [("a.json:2", "oops")]
