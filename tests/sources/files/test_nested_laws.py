"""Laws of nested records, through `shape` and a lake: whatever comes is found again, in its own column, beside it, or in quarantine."""

import json
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from file_reading import read
from nested_oracle import bare, leaves, same

from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.shape import Policy, Shaper
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions
from lakesmith.sources.files.formats.nested.json_records import RecordReader
from lakesmith.sources.files.formats.nested.jsonl import Lines
from lakesmith.testing.trial import Trial

pytestmark = pytest.mark.filterwarnings("ignore:Iceberg scan planning with")
numbers = st.integers(-(2**70), 2**70) | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False, width=32)
single = st.none() | st.booleans() | numbers | st.text(st.characters(codec="utf-8"), max_size=4)
values = st.recursive(
    single,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=3),
    max_leaves=6,
)
records = st.lists(st.dictionaries(st.sampled_from("abc"), values, max_size=3), max_size=12)
likes = st.fixed_dictionaries(
    {"a": numbers | st.none(), "b": st.text(st.characters(codec="utf-8"), max_size=4)},
    optional={"c": st.lists(st.fixed_dictionaries({"p": st.booleans()}), max_size=3)},
)


def pieces_of(rows):
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return RecordReader("x").read(Lines(data, 1, len(rows)))


@settings(max_examples=100, deadline=None)
@given(records)
def test_every_single_value_of_any_records_is_in_a_column_or_beside_it(rows) -> None:
    shaper, seen, rejects = Shaper(None, Policy()), [], []
    for piece in pieces_of(rows):
        assert piece.rejects == ()
        shaped = shaper.shape(piece.rows, str)
        seen += shaped.rows.to_pylist()
        rejects += shaped.rejects
    assert len(seen) + len(rejects) == len(rows)
    assert rejects == []
    for ours, sent in zip(seen, rows, strict=True):
        assert leaves(ours) == leaves(sent)


@settings(max_examples=60, deadline=None)
@given(st.lists(likes, max_size=12))
def test_records_of_one_kind_come_back_as_they_were(rows) -> None:
    made = [row for piece in pieces_of(rows) for row in piece.rows.to_pylist()]
    assert len(made) == len(rows)
    assert all(map(same, made, rows))


@settings(max_examples=40, deadline=None)
@given(st.lists(likes | st.just(5) | st.just({"a": {"x": 1}}), max_size=9), st.integers(0, 3))
def test_a_document_and_its_lines_hold_the_same(tmp_path_factory, rows, indent) -> None:
    from tests.sources.files.conftest import Delivery

    assume(not rows or any(isinstance(row, dict) for row in rows))  # values alone are rows of a document only
    delivery = Delivery(tmp_path_factory.mktemp("d"))
    lines, aside = read(delivery, "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows) or "\n")
    listed, refused = read(delivery, "a.json", json.dumps(rows, indent=indent))
    assert list(map(bare, lines)) == list(map(bare, listed))
    assert [one.raw for one in aside] == [one.raw for one in refused]


def trial(folder: Path, name: str, **options: object) -> Trial:
    spec = StreamSpec(StreamId("drops", "rows"), options=FileStreamOptions(files=name, **options))
    return Trial(FilesSource, SourceContext("drops", FilesOptions(root=str(folder)), folder, (spec,)), folder / "lakes")


def test_a_load_into_a_lake_is_read_back_by_pyiceberg_and_duckdb(tmp_path: Path) -> None:
    rows = [
        {
            "id": n,
            "at": "2026-01-01",
            "in": {"x": n / 4, "l": [n] * (n % 3)},
            "items": [{"p": f"é{n}", "q": n % 2 == 0}],
        }
        for n in range(500)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = trial(tmp_path, "a.jsonl")
    load = made.load()
    assert (load.counts.read, load.counts.written, load.counts.quarantined) == (500, 500, 0)
    stored = sorted(made.bronze().rows, key=lambda row: row["id"])
    ours = [{name: item for name, item in row.items() if not name.startswith("_ls_")} for row in stored]
    names = {"in": "in_", "at": "at_"}
    assert all(
        same(one, {names.get(name, name): item for name, item in row.items()})
        for one, row in zip(ours, rows, strict=True)
    )
    files = [str(path) for path in (tmp_path / "lakes").rglob("*.parquet") if "quarantine" not in str(path)]
    total = duckdb.sql(f"SELECT sum(in_.x), sum(len(items)), min(items[1].p) FROM read_parquet({files})").fetchall()[0]
    assert total == (sum(row["in"]["x"] for row in rows), 500, "é0")


def test_empty_lists_and_objects_reach_the_lake_before_and_after_their_types(tmp_path: Path) -> None:
    before = '{"id": 1, "a": {"p": [], "q": 1}, "t": [], "o": {}}\n{"id": 2, "a": {}, "t": null}\n'
    after = '{"id": 3, "a": {"p": [1]}, "t": ["x"], "o": []}\n{"id": 4, "a": {"p": []}, "t": []}\n'
    (tmp_path / "1.jsonl").write_text(before)
    made = trial(tmp_path, "*.jsonl")
    assert made.load().counts.written == 2
    (tmp_path / "2.jsonl").write_text(after)
    assert made.load().counts.written == 2
    stored = sorted(made.bronze().rows, key=lambda row: row["id"])
    assert [{name: row[name] for name in ("a", "t", "t__json", "o__json")} for row in stored] == [
        {"a": {"q": 1, "p__json": "[]", "p": None}, "t": None, "t__json": "[]", "o__json": "{}"},
        {"a": {"q": None, "p__json": None, "p": None}, "t": None, "t__json": None, "o__json": None},
        {"a": {"q": None, "p__json": None, "p": [1]}, "t": ["x"], "t__json": None, "o__json": "[]"},
        {"a": {"q": None, "p__json": None, "p": []}, "t": [], "t__json": None, "o__json": None},
    ]


def test_mixed_values_and_bad_lines_land_beside_and_in_quarantine(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "v": 7}',
        '{"id": 2, "v": "x"}',
        '{"id": 3, "v": {"k": [1]}}',
        "oops",
        '{"id": 4, "v": 18446744073709551616}',
        '{"id": 5, "v": [1, "a"]}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    made = trial(tmp_path, "a.jsonl")
    load = made.load()
    assert (load.counts.read, load.counts.written, load.counts.quarantined) == (6, 5, 1)
    held = made.bronze()
    assert held.rejects == ["a.jsonl:4"]
    cells = {
        row["id"]: {name: item for name, item in row.items() if name.startswith("v") and item is not None}
        for row in held.rows
    }
    assert cells[1] == {"v": 7}
    assert cells[2] == {"v__string": "x"}
    assert json.loads(cells[3]["v__string"]) == {"k": [1]}
    assert cells[4] == {"v__decimal": 2**64}
    assert json.loads(cells[5]["v__string"]) == ["1", "a"]


def test_real_documents_through_a_lake(tmp_path: Path, test_data: Path) -> None:
    for name in ("github_events", "github_issues"):
        path = test_data / "json" / f"{name}.json"
        if not path.exists():
            pytest.skip(f"no test data: {path}")
        made = trial(path.parent, path.name)
        made = Trial(made.kind, made.context, tmp_path / name)
        load = made.load()
        assert load.counts.written == 100
        sent = sum((leaves(row) for row in json.loads(path.read_text())), Counter())
        kept = [{key: item for key, item in row.items() if not key.startswith("_ls_")} for row in made.bronze().rows]
        assert sum(map(leaves, kept), Counter()) == sent


def test_xml_through_a_lake_learns_its_types(tmp_path: Path) -> None:
    rows = "".join(
        f'<r n="{n}"><when>2026-01-{n + 1:02d}</when><v>{n}.5</v><l><i>{n}</i><i>x</i></l></r>' for n in range(20)
    )
    (tmp_path / "a.xml").write_text(f"<root>{rows}</root>")
    made = trial(tmp_path, "a.xml")
    assert made.load().counts.written == 20
    stored = sorted(made.bronze().rows, key=lambda row: row["n"])
    assert [(row["n"], row["when_"].isoformat(), row["v"]) for row in stored] == [
        (n, f"2026-01-{n + 1:02d}", n + 0.5) for n in range(20)
    ]
    assert stored[3]["l"] == {"i": ["3", "x"]}
