"""A load, batch by batch: what becomes of every value, and what the reshape says about it."""

import hashlib
import json
from datetime import date
from decimal import Decimal as Number

import pyarrow as pa
import pytest

from lakesmith.errors import DriftRefusedError, ProjectFileError
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.model.types import DATE, DOUBLE, INT, LONG, STRING, Decimal, Field, Schema
from lakesmith.shape import Policy, Shaper, TextProfile


def policy(on_drift="evolve", **columns):
    return Policy.of(
        StreamSpec(StreamId("shop", "orders"), on_drift=on_drift, columns=columns, where="lakesmith.yml:7")
    )


def line(row):
    return f"orders.csv:{row + 2}"


def kinds(reshape):
    return [(drift.kind, drift.column, drift.outcome) for drift in reshape.drift]


def test_text_finds_its_types_and_what_does_not_fit_its_sibling(text_batch):
    rows = text_batch(
        {
            "Qty": ["1", " 2 ", "3 pcs", "", "  ", None],
            "day": ["2024-01-31", *[None] * 5],
            "note": [" a ", "", *[None] * 4],
        }
    )
    shaped = Shaper(None, policy(), {"Qty": LONG, "day": DATE, "note": STRING}).shape(rows, line)
    assert shaped.rows.to_pydict() == {
        "qty": [1, 2, None, None, None, None],
        "day": [date(2024, 1, 31), *[None] * 5],
        "note": [" a ", "", *[None] * 4],
        "qty__string": [None, None, "3 pcs", None, None, None],
    }
    assert shaped.rejects == ()
    assert shaped.filtered == {}
    assert kinds(shaped.reshape) == [("value_incompatible", "qty", "sibling")]


def test_the_reshape_grows_with_the_load_and_is_told_once(text_batch):
    shaper = Shaper(None, policy(), {"a": LONG})
    first = shaper.shape(text_batch({"a": ["1"]}), line)
    second = shaper.shape(text_batch({"a": ["x"]}), line)
    third = shaper.shape(text_batch({"a": ["y"]}), line)
    assert first.rows.schema.names == ["a"]
    assert second.rows.to_pylist() == [{"a": None, "a__string": "x"}]
    assert third.reshape is second.reshape
    assert shaper.counts == {("value_incompatible", "a"): 2}
    assert kinds(shaper.finish()) == [("value_incompatible", "a", "sibling")]


def test_the_next_load_has_nothing_to_say_about_a_sibling_it_knows(text_batch):
    shaper = Shaper(None, policy(), {"a": LONG})
    known = shaper.shape(text_batch({"a": ["1", "x"]}), line).reshape.after
    shaped = Shaper(known, policy()).shape(text_batch({"a": ["2", "y"]}), line)
    assert shaped.reshape.drift == ()
    assert not shaped.reshape.changes_schema
    assert shaped.rows.to_pydict() == {"a": [2, None], "a__string": [None, "y"]}


def test_a_column_that_was_only_ever_empty_comes_with_its_first_value(text_batch):
    shaper = Shaper(None, policy(), {"a": LONG})
    assert shaper.text_types_needed(text_batch({"a": [], "b": []}).schema) == {"b"}
    assert shaper.shape(text_batch({"a": ["1"], "b": [" "]}), line).rows.schema.names == ["a"]
    shaped = shaper.shape(text_batch({"a": ["2"], "b": ["2024-02-29"]}), line)
    assert shaped.rows.to_pylist() == [{"a": 2, "b": date(2024, 2, 29)}]
    assert shaper.text_types_needed(text_batch({"a": [], "b": []}).schema) == set()


def test_types_learnt_during_the_load_count_from_then_on(text_batch):
    shaper = Shaper(None, policy(), {"a": LONG})
    shaper.shape(text_batch({"a": ["1"]}), line)
    shaper.learn({"b": STRING})
    assert shaper.text_types_needed(text_batch({"a": [], "b": []}).schema) == set()
    assert shaper.shape(text_batch({"a": ["2"], "b": ["3"]}), line).rows.to_pylist() == [{"a": 2, "b": "3"}]


def test_files_with_other_columns_in_one_load_miss_nothing_in_the_end():
    known = Schema((Field("a", LONG, "a"), Field("b", LONG, "b"), Field("c", LONG, "c")))
    shaper = Shaper(known, policy())
    assert kinds(shaper.shape(pa.record_batch({"a": [1]}), line).reshape) == [
        ("column_missing", "b", "kept"),
        ("column_missing", "c", "kept"),
    ]
    shaped = shaper.shape(pa.record_batch({"b": [1]}), line)
    assert shaped.rows.to_pylist() == [{"a": None, "b": 1, "c": None}]
    assert kinds(shaper.finish()) == [("column_missing", "c", "kept")]


def test_freeze_refuses_a_missing_column_when_the_load_ends():
    known = Schema((Field("a", LONG, "a"), Field("b", LONG, "b")))
    shaper = Shaper(known, policy("freeze"))
    shaper.shape(pa.record_batch({"a": [1]}), line)
    with pytest.raises(
        DriftRefusedError, match=r"(?s)b was long, and is not sent.*stream shop.orders, column b \(lakesmith.yml:7\)"
    ):
        shaper.finish()


def test_a_rename_candidate_is_told_over_the_whole_load():
    known = Schema((Field("a", LONG, "a"), Field("b", LONG, "b")))
    shaped = Shaper(known, policy()).shape(pa.record_batch({"a": [1], "bb": [2]}), line)
    assert [(d.kind, d.before, d.after) for d in shaped.reshape.drift if d.kind == "rename_candidate"] == [
        ("rename_candidate", "b", "bb")
    ]


def test_quarantined_rows_carry_their_raw_text_and_place(text_batch):
    known = Schema((Field("qty", LONG, "Qty"), Field("price", DOUBLE, "price")))
    rows = text_batch({"Qty": ["1", "3 pcs", "2", "x"], "price": ["1.5", "2", "dear", "y"]})
    shaped = Shaper(known, policy("quarantine")).shape(rows, line)
    assert shaped.rows.to_pylist() == [{"qty": 1, "price": 1.5}]
    assert [(r.where, r.column, r.reason) for r in shaped.rejects] == [
        ("orders.csv:3", "qty", "qty does not fit long"),
        ("orders.csv:4", "price", "price does not fit double"),
        ("orders.csv:5", "qty", "qty does not fit long"),
    ]
    assert [json.loads(r.raw) for r in shaped.rejects] == [rows.to_pylist()[i] for i in (1, 2, 3)]


def test_one_column_may_have_its_own_policy(text_batch):
    known = Schema((Field("a", LONG, "a"), Field("b", LONG, "b")))
    shaper = Shaper(known, policy("quarantine", b={"on_drift": "ignore"}))
    shaped = shaper.shape(text_batch({"a": ["1", "2"], "b": ["1", "x"], "c": ["", ""]}), line)
    assert shaped.rows.to_pydict() == {"a": [1, 2], "b": [1, None]}
    assert shaper.counts == {("value_incompatible", "b"): 1}


def test_a_field_the_policy_keeps_out_costs_only_rows_that_carry_it(text_batch):
    shaper = Shaper(Schema((Field("a", LONG, "a"),)), policy("quarantine"))
    shaped = shaper.shape(text_batch({"a": ["1", "2"], "fresh": ["", "x"]}), line)
    assert shaped.rows.to_pydict() == {"a": [1]}
    assert [(r.column, r.reason) for r in shaped.rejects] == [("fresh", "fresh is not a column of the table")]
    assert kinds(shaped.reshape) == [("column_added", "fresh", "quarantined")]


def test_pins_are_parsed_exactly_from_text_typed_or_not(text_batch):
    pinned = policy(amount={"type": "decimal(38,20)"})
    value = "123456789012345678.12345678901234567890"
    assert Shaper(None, pinned).shape(text_batch({"Amount": [value]}), line).rows.to_pylist() == [
        {"amount": Number(value)}
    ]
    assert Shaper(None, pinned).shape(pa.record_batch({"amount": [value]}), line).rows.to_pylist() == [
        {"amount": Number(value)}
    ]
    doubles = Shaper(None, policy(amount={"type": "decimal(12,2)"})).shape(
        pa.record_batch({"amount": [0.1, 0.125]}), line
    )
    assert doubles.rows.to_pydict() == {"amount": [Number("0.10"), None], "amount__double": [None, 0.125]}


def test_decimals_with_more_digits_go_to_a_decimal_sibling_that_can_grow():
    shaper = Shaper(Schema((Field("a", LONG, "a"),)), policy())
    shaper.shape(pa.record_batch({"a": pa.array([Number("1.5")], pa.decimal128(5, 1))}), line)
    shaped = shaper.shape(pa.record_batch({"a": pa.array([Number("12345.5")], pa.decimal128(9, 1))}), line)
    assert shaped.reshape.after.find("a__decimal").type == Decimal(9, 1)
    other = shaper.shape(
        pa.record_batch({"a": pa.array([Number("0.125"), Number("0.500")], pa.decimal128(9, 3))}), line
    )
    assert other.rows.to_pylist()[0] == {"a": None, "a__decimal": None, "a__string": "0.125"}
    assert other.rows.to_pylist()[1] == {"a": None, "a__decimal": Number("0.5"), "a__string": None}


def test_promotion_within_a_first_load_is_no_drift():
    shaper = Shaper(None, policy("freeze"))
    shaper.shape(pa.record_batch({"a": pa.array([1], pa.int32())}), line)
    shaped = shaper.shape(pa.record_batch({"a": pa.array([2**40], pa.int64())}), line)
    assert shaped.reshape.drift == ()
    assert shaped.rows.schema.types == [pa.int64()]


def test_a_load_that_widens_a_column_does_not_also_narrow_it():
    shaper = Shaper(Schema((Field("a", INT, "a"),)), policy())
    for kind in (pa.int64(), pa.int32(), pa.int64()):
        shaped = shaper.shape(pa.record_batch({"a": pa.array([1], kind)}), line)
    assert [(d.kind, d.before, d.after) for d in shaped.reshape.drift] == [("type_widened", "int", "long")]


def test_a_pin_that_comes_too_late_is_told(text_batch):
    shaper = Shaper(Schema((Field("a", LONG, "a"),)), policy(a={"type": "decimal(9,2)"}))
    shaped = shaper.shape(text_batch({"a": ["1", "2.5"]}), line)
    assert shaped.rows.to_pydict() == {"a": [1, None], "a__string": [None, "2.5"]}
    assert kinds(shaped.reshape) == [("pin_differs", "a", "kept"), ("value_incompatible", "a", "sibling")]


def test_parts_of_one_name_stay_apart():
    parts = pa.StructArray.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["p", "p", ""])
    shaped = Shaper(None, policy()).shape(pa.record_batch({"s": parts}), line)
    assert shaped.rows.to_pylist() == [{"s": {"p": 1, "p_2": 2, "unnamed": 3}}]


def test_equal_column_names_and_system_columns_do_not_disturb():
    rows = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "_ls_seq"])
    known = Schema((Field("_ls_seq", LONG), Field("a", LONG, "a")))
    shaped = Shaper(known, policy()).shape(rows, line)
    assert shaped.rows.to_pylist() == [{"a": 1, "a_2": 2, "ls_seq": 3}]


@pytest.mark.parametrize("rows", [0, 3])
def test_batches_without_columns_or_rows(rows, text_batch):
    empty = pa.RecordBatch.from_struct_array(pa.nulls(rows, pa.struct([])))
    shaper = Shaper(None, policy(), {"a": LONG})
    assert shaper.shape(empty, line).rows.num_rows == rows
    assert shaper.shape(text_batch({"a": []}), line).rows.schema.names == ["a"]


def test_masks_hash_or_drop_everywhere_also_in_quarantine():
    masked = policy("quarantine", email={"mask": "hash", "salt": "s"}, phone={"mask": "drop"})
    rows = pa.record_batch({"email": ["a@x.de", None], "phone": ["1", "2"], "n": ["5", "x"]})
    shaped = Shaper(None, policy(email={"mask": "hash", "salt": "s"}, phone={"mask": "drop"})).shape(rows, line)
    digest = hashlib.sha256(b"sa@x.de").hexdigest()
    assert shaped.rows.to_pydict() == {"email": [digest, None], "n": ["5", "x"]}
    known = Schema((Field("email", STRING, "email"), Field("n", INT, "n")))
    reject = Shaper(known, masked).shape(rows.slice(0, 1), line).rejects[0]
    assert json.loads(reject.raw) == {"email": digest, "n": "5"}


def test_rejects_of_rows_with_nanoseconds_and_parts_can_be_written():
    rows = pa.record_batch(
        {
            "n": ["x"],
            "t": pa.array([1], pa.timestamp("ns")),
            "s": pa.array([{"t": 1}], pa.struct([("t", pa.timestamp("ns"))])),
        }
    )
    known = Schema((Field("n", INT, "n"),))
    raw = json.loads(Shaper(known, policy("quarantine")).shape(rows, line).rejects[0].raw)
    assert raw["t"] == raw["s"]["t"] == "1970-01-01 00:00:00.000000001"


def test_faults_in_the_project_file_are_listed_together():
    with pytest.raises(
        ProjectFileError, match=r"(?s)on_drift is 'melt'.*column a: unknown type 'money'.*column b: mask is 'blur'.*:7"
    ):
        policy("melt", a={"type": "money"}, b={"mask": "blur"})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1"] * 99 + ["3 pcs"], "long"),
        (["1"] * 98 + ["x", "y"], "string"),
        (["1.5"] * 50 + ["2"] * 50, "double"),
        (["1.5"] * 5 + ["9007199254740993"], "string"),
        (["true", "false", ""], "boolean"),
        (["0", "1"], "long"),
        (["007"], "string"),
        (["2024-01-01", None], "date"),
        (["2024-01-01 10:00", "2024-01-01T10:00:00.5"], "timestamp"),
        (["2024-01-01 10:00Z", "2024-01-01T10:00:00+02:00"], "timestamptz"),
        (["2024-01-01", "2024-01-01 10:00"], "string"),
        (["", None, " "], None),
    ],
)
def test_a_text_column_takes_the_narrowest_type_nearly_all_values_fit(text_batch, values, kind):
    profile = TextProfile()
    for start in range(0, len(values), 7):
        profile.observe(text_batch({"x": values[start : start + 7]}))
    assert {name: str(found) for name, found in profile.types().items()} == ({"x": kind} if kind else {})
    (report,) = profile.report()
    assert report.values == sum(1 for value in values if value and value.strip())
    assert kind in {None, "string"} or report.fits[kind] * 100 >= report.values * 99
