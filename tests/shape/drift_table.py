"""The drift table of the design as data: what each change is, and what becomes of it under each policy. docs/drift.md is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lakesmith.model.types import DOUBLE, FLOAT, INT, LONG, STRING, Decimal, Field, List, Map, Schema, Struct, Type

POLICIES = ("evolve", "freeze", "quarantine", "ignore")
STOP = "stop"


@dataclass(frozen=True)
class Change:
    """One row of the table: the kind of event, its outcome by policy, and what that means in words by policy."""

    title: str
    kind: str
    outcomes: tuple[str, str, str, str]
    words: tuple[str, str, str, str]

    def outcome(self, policy: str) -> str:
        return self.outcomes[POLICIES.index(policy)]


CHANGES = {
    "adds": Change(
        "adds a field, also a nested one",
        "column_added",
        ("added", STOP, "quarantined", "dropped"),
        ("a nullable column is added", "nothing is loaded", "rows that carry a value in it wait", "its values are left out and counted"),
    ),
    "stops": Change(
        "stops sending a field",
        "column_missing",
        ("kept", STOP, "kept", "kept"),
        ("the column stays, with nulls", "nothing is loaded", "accepted: the column stays, with nulls", "accepted: the column stays, with nulls"),
    ),
    "renames": Change(
        "renames a field",
        "rename_candidate",
        ("recorded", STOP, "quarantined", ""),
        ("the new column is added, and a rename candidate recorded", "nothing is loaded", "rows that carry the new field wait; a rename candidate is recorded", "taken as an added field: its values are left out and counted"),
    ),
    "proves": Change(
        "renames a column, and proves it (PostgreSQL)",
        "renamed",
        ("renamed", STOP, "quarantined", ""),
        ("the column is renamed, with all that was ever loaded of it", "nothing is loaded", "rows that carry the new column wait; a rename candidate is recorded", "taken as an added field: its values are left out and counted"),
    ),
    "widens": Change(
        "widens a type: int to long, float to double, a decimal by digits",
        "type_widened",
        ("promoted", STOP, "quarantined", "cast"),
        ("the column is promoted in place", "nothing is loaded", "values that fit the column are kept; rows with others wait", "values that fit the column are kept; others become null and are counted"),
    ),
    "narrows": Change(
        "narrows a type",
        "type_narrowed",
        ("kept", "kept", "kept", "kept"),
        ("values are cast up; the change is recorded",) * 4,
    ),
    "misfits": Change(
        "sends a value of another type, also a list or an object for a single value and the other way round",
        "value_incompatible",
        ("sibling", STOP, "quarantined", "nulled"),
        ("the value lands in a sibling (`quantity__string`), the column is null there", "nothing is loaded", "the row waits", "the value becomes null and is counted"),
    ),
}  # fmt: skip


def struct(**parts: Type) -> Struct:
    return Struct(tuple(Field(name, kind, name) for name, kind in parts.items()))


def beside(kind: Struct, name: str, sibling: Type, of: str) -> Struct:
    return Struct((*kind.fields, Field(name, sibling, doc=f"Values of {of}.")))


@dataclass(frozen=True)
class Case:
    """A change of column `x`: its type before and now (None: no such column), a value of it, and what `evolve` makes of it.

    `after` is the type of `x` under `evolve`, None where it has none; `row` the first row under `evolve`, without `id`. `column` is
    where the change is, by dotted path. With `fits`, the value fits the type before.
    """

    title: str
    change: str
    before: Type | None
    now: Type | None
    value: Any
    after: Type | None
    row: dict[str, Any]
    column: str = "x"
    siblings: tuple[str, ...] = ()
    fits: bool = False
    ignored: dict[str, Any] = field(default_factory=lambda: {"x": None})
    """The first row under `ignore`."""

    def schemas(self) -> tuple[Schema, Schema]:
        return tuple(
            Schema(tuple(Field(n, t, n) for n, t in (("id", LONG), ("x", kind)) if t))
            for kind in (self.before, self.now)
        )


A, AB = struct(a=LONG), struct(a=LONG, b=LONG)
A_STRING = beside(A, "a__string", STRING, "a that are not long")
CASES = (
    Case("a column", "adds", None, LONG, 7, LONG, {"x": 7}, ignored={}),
    Case("a part of an object", "adds", A, AB, {"a": 1, "b": 2}, AB, {"x": {"a": 1, "b": 2}}, "x.b", ignored={"x": {"a": 1}}),
    Case("a part of objects in a list", "adds", List(A), List(AB), [{"a": 1, "b": 2}], List(AB), {"x": [{"a": 1, "b": 2}]}, "x.b", ignored={"x": [{"a": 1}]}),
    Case("a column is gone", "stops", LONG, None, None, LONG, {"x": None}),
    Case("int to long", "widens", INT, LONG, 2**40, LONG, {"x": 2**40}),
    Case("int to long, and the value is small", "widens", INT, LONG, 7, LONG, {"x": 7}, fits=True, ignored={"x": 7}),
    Case("float to double", "widens", FLOAT, DOUBLE, 0.1, DOUBLE, {"x": 0.1}),
    Case("decimal(5, 2) to decimal(9, 2)", "widens", Decimal(5, 2), Decimal(9, 2), "1234567.25", Decimal(9, 2), {"x": "1234567.25"}),
    Case("int to long in an object", "widens", struct(a=INT), A, {"a": 2**40}, A, {"x": {"a": 2**40}}, "x.a", ignored={"x": {"a": None}}),
    Case("long to int", "narrows", LONG, INT, 7, LONG, {"x": 7}),
    Case("double to float", "narrows", DOUBLE, FLOAT, 1.5, DOUBLE, {"x": 1.5}),
    Case("decimal(9, 2) to decimal(5, 2)", "narrows", Decimal(9, 2), Decimal(5, 2), "7.25", Decimal(9, 2), {"x": "7.25"}),
    Case("text for a number", "misfits", LONG, STRING, "3 pcs", LONG, {"x": None, "x__string": "3 pcs"}, siblings=("x__string",)),
    Case("a fraction for a whole number", "misfits", LONG, DOUBLE, 1.5, LONG, {"x": None, "x__double": 1.5}, siblings=("x__double",)),
    Case("a list for a single value", "misfits", LONG, List(LONG), [1], LONG, {"x": None, "x__string": "[1]"}, siblings=("x__string",)),
    Case("a single value for a list", "misfits", List(LONG), LONG, 1, List(LONG), {"x": None, "x__string": "1"}, siblings=("x__string",)),
    Case("an object for a text", "misfits", STRING, A, {"a": 1}, STRING, {"x": None, "x__json": '{"a": 1}'}, siblings=("x__json",)),
    Case("an object for a number", "misfits", LONG, A, {"a": 1}, LONG, {"x": None, "x__string": '{"a": 1}'}, siblings=("x__string",)),
    Case("a single value for an object", "misfits", A, LONG, 1, A, {"x": None, "x__string": "1"}, siblings=("x__string",)),
    Case("a list for an object", "misfits", A, List(A), [{"a": 1}], A, {"x": None, "x__string": '[{"a": 1}]'}, siblings=("x__string",)),
    Case("a map for a list", "misfits", List(LONG), Map(STRING, LONG), [("k", 1)], List(LONG), {"x": None, "x__string": '[["k", 1]]'}, siblings=("x__string",)),
    Case("text for a number in an object", "misfits", A, struct(a=STRING), {"a": "q"}, A_STRING, {"x": {"a": None, "a__string": "q"}}, "x.a", ignored={"x": {"a": None}}),
    Case("a list for a number in an object", "misfits", A, struct(a=List(LONG)), {"a": [1]}, A_STRING, {"x": {"a": None, "a__string": "[1]"}}, "x.a", ignored={"x": {"a": None}}),
    Case("text among the numbers of a list", "misfits", List(LONG), List(STRING), ["q", "2"], List(LONG), {"x": None, "x__string": '["q", "2"]'}, siblings=("x__string",), ignored={"x": [None, None]}),
)  # fmt: skip


@dataclass(frozen=True)
class Empty:
    """What becomes of an empty list or object in column `x` of a type (None: no such column yet) under `evolve`."""

    before: Type | None
    value: Any
    row: dict[str, Any]


EMPTIES = (
    Empty(List(LONG), [], {"x": []}),
    Empty(List(A), [], {"x": []}),
    Empty(List(A), [{}], {"x": [{"a": None}]}),
    Empty(List(List(LONG)), [[]], {"x": [[]]}),
    Empty(List(LONG), [None], {"x": [None]}),
    Empty(A, {}, {"x": {"a": None}}),
    Empty(LONG, [], {"x": None, "x__string": "[]"}),
    Empty(DOUBLE, {}, {"x": None, "x__string": "{}"}),
    Empty(STRING, [], {"x": None, "x__json": "[]"}),
    Empty(STRING, {}, {"x": None, "x__json": "{}"}),
    Empty(List(LONG), {}, {"x": None, "x__string": "{}"}),
    Empty(List(LONG), [[]], {"x": None, "x__string": "[[]]"}),
    Empty(A, [], {"x": None, "x__string": "[]"}),
    Empty(A, {"a": []}, {"x": {"a": None, "a__string": "[]"}}),
    Empty(A, {"b": []}, {"x": {"a": None, "b__json": "[]"}}),
    Empty(None, [], {"x__json": "[]"}),
    Empty(None, {}, {"x__json": "{}"}),
    Empty(None, {"p": []}, {"x": {"p__json": "[]"}}),
    Empty(None, {"p": None}, {"x__json": '{"p": null}'}),
)
