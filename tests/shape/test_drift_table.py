"""The drift table of the design: (case, policy, outcome), once by types alone and once by rows."""

import pyarrow as pa
import pytest

from lakesmith.errors import DriftRefusedError
from lakesmith.model.types import DOUBLE, FLOAT, INT, LONG, STRING, Decimal, Field, List, Schema, Struct
from lakesmith.shape import Policy, Shaper, arrow_type, decide


def struct(**parts):
    return Struct(tuple(Field(name, kind, name) for name, kind in parts.items()))


# case: type before (None: no such column), type sent now (None: not sent), a value of it
CASES = {
    "adds a field": (None, LONG, 7),
    "adds a field in a struct": (struct(a=LONG), struct(a=LONG, b=LONG), {"a": 1, "b": 2}),
    "stops sending a field": (LONG, None, None),
    "widens int": (INT, LONG, 2**40),
    "widens float": (FLOAT, DOUBLE, 0.1),
    "widens decimal": (Decimal(5, 2), Decimal(9, 2), "1234567.25"),
    "widens int, value fits": (INT, LONG, 7),
    "narrows long": (LONG, INT, 7),
    "narrows double": (DOUBLE, FLOAT, 1.5),
    "text for a number": (LONG, STRING, "3 pcs"),
    "fraction for a whole number": (LONG, DOUBLE, 1.5),
    "list for a scalar": (LONG, List(LONG), [1]),
    "scalar for a list": (List(LONG), LONG, 1),
    "object for a scalar": (STRING, struct(a=LONG), {"a": 1}),
    "text in a struct": (struct(a=LONG), struct(a=STRING), {"a": "q"}),
}
COLUMN, INNER_A, INNER_B = "x", "x.a", "x.b"
# case, policy, kind of drift, column, outcome (stop: refused), type of x afterwards (None: no column), siblings, rows that wait
TABLE = [
    ("adds a field", "evolve", "column_added", COLUMN, "added", LONG, (), 0),
    ("adds a field", "freeze", "column_added", COLUMN, "stop", None, (), 0),
    ("adds a field", "quarantine", "column_added", COLUMN, "quarantined", None, (), 1),
    ("adds a field", "ignore", "column_added", COLUMN, "dropped", None, (), 0),
    ("adds a field in a struct", "evolve", "column_added", INNER_B, "added", struct(a=LONG, b=LONG), (), 0),
    ("adds a field in a struct", "freeze", "column_added", INNER_B, "stop", None, (), 0),
    ("adds a field in a struct", "quarantine", "column_added", INNER_B, "quarantined", struct(a=LONG), (), 1),
    ("adds a field in a struct", "ignore", "column_added", INNER_B, "dropped", struct(a=LONG), (), 0),
    ("stops sending a field", "evolve", "column_missing", COLUMN, "kept", LONG, (), 0),
    ("stops sending a field", "freeze", "column_missing", COLUMN, "stop", LONG, (), 0),
    ("stops sending a field", "quarantine", "column_missing", COLUMN, "kept", LONG, (), 0),
    ("stops sending a field", "ignore", "column_missing", COLUMN, "kept", LONG, (), 0),
    ("widens int", "evolve", "type_widened", COLUMN, "promoted", LONG, (), 0),
    ("widens int", "freeze", "type_widened", COLUMN, "stop", INT, (), 0),
    ("widens int", "quarantine", "type_widened", COLUMN, "quarantined", INT, (), 1),
    ("widens int", "ignore", "type_widened", COLUMN, "cast", INT, (), 0),
    ("widens int, value fits", "quarantine", "type_widened", COLUMN, "quarantined", INT, (), 0),
    ("widens int, value fits", "ignore", "type_widened", COLUMN, "cast", INT, (), 0),
    ("widens float", "evolve", "type_widened", COLUMN, "promoted", DOUBLE, (), 0),
    ("widens decimal", "evolve", "type_widened", COLUMN, "promoted", Decimal(9, 2), (), 0),
    ("narrows long", "evolve", "type_narrowed", COLUMN, "kept", LONG, (), 0),
    ("narrows long", "freeze", "type_narrowed", COLUMN, "kept", LONG, (), 0),
    ("narrows long", "quarantine", "type_narrowed", COLUMN, "kept", LONG, (), 0),
    ("narrows long", "ignore", "type_narrowed", COLUMN, "kept", LONG, (), 0),
    ("narrows double", "evolve", "type_narrowed", COLUMN, "kept", DOUBLE, (), 0),
    ("text for a number", "evolve", "value_incompatible", COLUMN, "sibling", LONG, ("x__string",), 0),
    ("text for a number", "freeze", "value_incompatible", COLUMN, "stop", LONG, (), 0),
    ("text for a number", "quarantine", "value_incompatible", COLUMN, "quarantined", LONG, (), 1),
    ("text for a number", "ignore", "value_incompatible", COLUMN, "nulled", LONG, (), 0),
    ("fraction for a whole number", "evolve", "value_incompatible", COLUMN, "sibling", LONG, ("x__double",), 0),
    ("list for a scalar", "evolve", "value_incompatible", COLUMN, "sibling", LONG, ("x__string",), 0),
    ("list for a scalar", "quarantine", "value_incompatible", COLUMN, "quarantined", LONG, (), 1),
    ("scalar for a list", "evolve", "value_incompatible", COLUMN, "sibling", List(LONG), ("x__string",), 0),
    ("scalar for a list", "ignore", "value_incompatible", COLUMN, "nulled", List(LONG), (), 0),
    ("object for a scalar", "evolve", "value_incompatible", COLUMN, "sibling", STRING, ("x__json",), 0),
    ("text in a struct", "evolve", "value_incompatible", INNER_A, "sibling", None, (), 0),
    ("text in a struct", "freeze", "value_incompatible", INNER_A, "stop", None, (), 0),
    ("text in a struct", "quarantine", "value_incompatible", INNER_A, "quarantined", struct(a=LONG), (), 1),
    ("text in a struct", "ignore", "value_incompatible", INNER_A, "nulled", struct(a=LONG), (), 0),
]
cells = pytest.mark.parametrize("cell", TABLE, ids=[f"{case}-{policy}" for case, policy, *_ in TABLE])


def schemas(case):
    before, now, _ = CASES[case]
    known = Schema(tuple(Field(n, t, n) for n, t in (("id", LONG), ("x", before)) if t))
    return known, Schema(tuple(Field(n, t, n) for n, t in (("id", LONG), ("x", now)) if t))


def batch(case):
    _, now, value = CASES[case]
    columns = {"id": pa.array([1, 2], pa.int64())}
    if now is not None:
        plain = pa.array([value, None]) if isinstance(now, Decimal) else None
        columns["x"] = plain.cast(arrow_type(now)) if plain is not None else pa.array([value, None], arrow_type(now))
    return pa.record_batch(columns)


def compare(reshape, cell):
    case, policy, kind, column, outcome, kept, siblings, _ = cell
    assert [(d.kind, d.column, d.policy, d.outcome) for d in reshape.drift] == [(kind, column, policy, outcome)]
    if case == "text in a struct" and policy == "evolve":
        kept = Struct((Field("a", LONG, "a"), Field("a__string", STRING, doc="Values of a that are not long.")))
    found = reshape.after.find("x")
    assert (found.type if found else None) == kept
    assert tuple(f.name for f in reshape.after if "__" in f.name) == siblings


@cells
def test_types_alone(cell):
    case, policy, _, column, outcome, *_ = cell
    known, seen = schemas(case)
    if outcome == "stop":
        with pytest.raises(DriftRefusedError, match=rf"(?s)policy is freeze: {column} was .*on_drift: evolve"):
            decide(known, seen, Policy(policy))
        return
    if "value fits" in case or not (case.startswith("widens") and policy in {"quarantine", "ignore"}):
        compare(decide(known, seen, Policy(policy)), cell)


@cells
def test_rows(cell):
    case, policy, _, column, outcome, _, _, waiting = cell
    known, _ = schemas(case)
    shaper = Shaper(known, Policy(policy))
    if outcome == "stop":
        with pytest.raises(DriftRefusedError, match=rf"(?s)policy is freeze: {column} was .*on_drift: evolve"):
            shaper.shape(batch(case), str) and shaper.finish()
        return
    shaped = shaper.shape(batch(case), str)
    assert len(shaped.rejects) == waiting
    assert shaped.rows.num_rows == 2 - waiting
    assert shaped.rows.schema.names == list(shaped.reshape.after.names)
    if not (case == "widens int" and policy in {"quarantine", "ignore"}):
        compare(shaped.reshape, cell)


def where_the_value_went(case, policy):
    shaped = Shaper(schemas(case)[0], Policy(policy)).shape(batch(case), str)
    return {name: value for name, value in shaped.rows.to_pylist()[0].items() if name != "id"}


@pytest.mark.parametrize(
    ("case", "policy", "row"),
    [
        ("adds a field in a struct", "ignore", {"x": {"a": 1}}),
        ("widens int", "ignore", {"x": None}),
        ("widens int, value fits", "ignore", {"x": 7}),
        ("narrows double", "evolve", {"x": 1.5}),
        ("text for a number", "evolve", {"x": None, "x__string": "3 pcs"}),
        ("text for a number", "ignore", {"x": None}),
        ("fraction for a whole number", "evolve", {"x": None, "x__double": 1.5}),
        ("list for a scalar", "evolve", {"x": None, "x__string": "[1]"}),
        ("scalar for a list", "evolve", {"x": None, "x__string": "1"}),
        ("object for a scalar", "evolve", {"x": None, "x__json": '{"a": 1}'}),
        ("text in a struct", "evolve", {"x": {"a": None, "a__string": "q"}}),
    ],
)
def test_the_value_lands_where_the_table_says(case, policy, row):
    assert where_the_value_went(case, policy) == row
