"""What becomes of records: exact values, types, parts of objects, reports, lines, tables, records of a parent."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from rest_api import TOKEN
from test_paging import PAGINGS

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.model.streams import WORDS_KEY
from lakesmith.simulate.apis.faults import Fault
from lakesmith.sources.rest.options import RestStreamOptions
from lakesmith.sources.rest.reading.columns import shaped

REPORT = {
    "jobs": {
        "submit": {"path": "reports", "method": "POST", "body": {"kind": "all"}},
        "id": "id",
        "poll": {"path": "reports/{job.id}"},
        "state": "status",
        "done": ["DONE"],
        "failed": ["FAILED"],
        "reason": "reason",
        "url": "url",
    }
}


def test_lines_of_json(desk, shelf):
    assert desk({"path": "lines", "format": "jsonl"}).rows() == shelf.records


def test_a_table(desk, shelf):
    shelf.records = [{"id": str(number), "name": f"n {number}", "cost": f"{number}.50"} for number in range(9)]
    [chunk] = desk({"path": "table", "format": "csv"}).read()
    assert chunk.rows.to_pylist() == shelf.records
    assert chunk.counted == 9


@pytest.mark.parametrize("fault", [None, "report_slow", "report_fails", "report_expires"])
def test_a_report(fault, desk, server, shelf):
    if fault:
        server.spoil(Fault(fault, route="download|files" if fault == "report_expires" else "GET /reports", at=(1,)))
    assert desk(REPORT).rows() == shelf.records
    assert shelf.orders == (2 if fault in ("report_fails", "report_expires") else 1)


def test_a_report_that_always_fails(desk, server):
    server.spoil(Fault("report_fails"))
    with pytest.raises(RetriableError, match=r'ordered 3 times\. The API says "an internal error"'):
        desk(REPORT).rows()


def test_the_records_of_a_parent(server, tmp_path):
    from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
    from lakesmith.sources.rest import RestOptions, RestSource

    options = RestOptions.model_validate(
        {
            "base_url": server.url,
            "auth": {"type": "bearer", "token": TOKEN},
            "allow_hosts": "127.0.0.1",
            "rate": {"requests": 999},
        }
    )
    items = StreamSpec(
        StreamId("api", "items"), mode="replace", options=RestStreamOptions.model_validate(PAGINGS["cursor"])
    )
    child = {
        "path": "items/{parent.id}/parts",
        "records": "parts",
        "parent": {"stream": "items", "fields": {"item_id": "id"}},
    }
    parts = StreamSpec(StreamId("api", "parts"), mode="replace", options=RestStreamOptions.model_validate(child))
    source = RestSource(SourceContext("api", options, tmp_path, (items, parts)))
    [split] = source.splits(parts, Ask())
    chunks = list(source.read(parts, split, Ask()))
    rows = [row for chunk in chunks for row in chunk.rows.to_pylist()]
    source.close()
    assert rows == [{"item_id": n, "part": part, "of": n} for n in range(1, 12) for part in range(n % 3)]


def test_a_parent_that_is_no_stream(desk):
    one = desk({"path": "items/{parent.id}", "parent": {"stream": "nothing", "fields": {"x": "id"}}})
    with pytest.raises(ConnectorOptionsError, match="which is no stream of this source"):
        one.rows()


def test_records_as_they_came(desk, shelf):
    rows = desk(PAGINGS["cursor"] | {"keep_responses": True, "select": ["id", "_response"]}).rows()
    assert [set(row) for row in rows] == [{"id", "_response"}] * 11
    assert [json.loads(row["_response"]) for row in rows] == shelf.records


def test_parts_of_objects(desk, shelf):
    rows = desk(PAGINGS["cursor"] | {"flatten": True, "exclude": ["tags", "name"]}).rows()
    assert rows[1] == {
        "id": 2, "price": "2.10", "big": shelf.records[1]["big"], "seen": shelf.records[1]["seen"], "more.ok": True, "more.deep.n": 2,
    }  # fmt: skip


def test_what_is_no_object_is_a_record_of_one_value(desk, shelf):
    shelf.records = [1, 2, 3, 4]  # type: ignore[list-item]
    assert desk(PAGINGS["cursor"]).rows() == [{"value": 1}, {"value": 2}, {"value": 3}, {"value": 4}]


def test_records_that_cannot_be_rows(desk, shelf):
    """They wait in quarantine, each beside the rows it came between, and resuming after any chunk leaves none out."""
    shelf.records = [
        {"id": 1, "x": 1},
        {"id": 2, "x": "é" * 9},
        3,
        {"id": 4, "x": [1]},
        {"id": 5, "x": {"a": 1}},
        {"id": 6},
    ]  # type: ignore[list-item]
    chunks = desk(PAGINGS["cursor"]).read()
    assert [row.get("id") or row.get("value") for chunk in chunks for row in chunk.rows.to_pylist()] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert all(chunk.counted == chunk.rows.num_rows + len(chunk.rejects) for chunk in chunks)


CASTS = [
    ("long", ["12", 13, "9223372036854775807", "12.0"], [12, 13, 2**63 - 1, 12], ["1.5", "x", "9223372036854775808", True]),
    ("int", ["1"], [1], ["2147483648"]),
    ("double", ["1.5", 2], [1.5, 2.0], ["x"]),
    ("decimal(5, 2)", ["1.10", 2, 1.1, "-999.99"], [Decimal("1.10"), Decimal("2.00"), Decimal("1.10"), Decimal("-999.99")], ["1.101", "1000", "NaN"]),
    ("date", ["2024-02-29", "20240229", "2024-02-29T00:00:00"], [date(2024, 2, 29)] * 3, ["2023-02-29", "2024-02-29T01:00:00", "soon"]),
    ("timestamptz", ["2024-01-31T12:00:00.000+0000", "2024-01-31T13:00:00+01:00", 1706702400, "1706702400000"], [datetime(2024, 1, 31, 12, tzinfo=UTC)] * 4, ["2024-01-31T12:00:00"]),
    ("timestamp", ["2024-01-31 12:00:00"], [datetime(2024, 1, 31, 12)], ["2024-01-31T12:00:00Z"]),  # noqa: DTZ001
    ("boolean", ["true", False, "0"], [True, False, False], ["maybe"]),
    ("string", [1, 1.5, {"a": [1]}], ["1", "1.5", '{"a": [1]}'], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "fit", "made", "unfit"), CASTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_types(kind, fit, made, unfit):
    options = RestStreamOptions.model_validate({"types": {"x": kind}})
    for value, wanted in zip(fit, made, strict=True):
        rows = shaped(pa.RecordBatch.from_pylist([{"x": value}]), options)
        assert rows.to_pylist() == [{"x": wanted}]
    for value in unfit:
        rows = shaped(pa.RecordBatch.from_pylist([{"x": value}, {"x": None}]), options)
        assert rows.column(0).to_pylist() == [None, None]
        assert rows.column(1).to_pylist() == [value if isinstance(value, str) else json.dumps(value), None]
        assert rows.schema.field(1).metadata == {WORDS_KEY: b"1"}
    assert shaped(pa.RecordBatch.from_pylist([{"x": ""}]), options).to_pylist() == [
        {"x": "" if kind == "string" else None}
    ]


@pytest.mark.parametrize(
    ("kind", "told", "kept"),
    [
        ("double", "1e400", None),
        ("double", "9007199254740993", None),
        ("double", "1.5e300", 1.5e300),
        ("double", "0.1", 0.1),
        ("double", "-0", -0.0),
        ("double", "1_000", None),
        ("float", "1e39", None),
        ("float", "0.5", 0.5),
        ("long", "1_000", None),
        ("long", "١٢", None),
        ("long", "1e99999999", None),
        ("decimal(38, 2)", "123456789012345678901234567890.12", Decimal("123456789012345678901234567890.12")),
        ("decimal(38, 2)", "0.123", None),
        ("decimal(18, 2)", "1e99999999", None),
        ("timestamptz", "1e99999999", None),
        ("timestamptz", "94694400000", datetime(1973, 1, 1, tzinfo=UTC)),
        ("timestamptz", "-94694400000", datetime(1967, 1, 1, tzinfo=UTC)),
        ("timestamptz", "4102444800", datetime(2100, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_value_becomes_what_it_says_or_stays_text(kind, told, kept):
    rows = pa.RecordBatch.from_pydict({"x": [told]})
    made = shaped(rows, RestStreamOptions(types={"x": kind}))
    assert made.column(0).to_pylist() == [kept]
    assert [column.to_pylist() for column in made.columns[1:]] == ([] if kept is not None else [[told]])
