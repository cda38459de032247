"""Laws of `decide`: it repeats itself, loses nothing, never narrows, and does not care which file came first."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.shapes import Cast
from lakesmith.model.types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    STRING,
    Decimal,
    Field,
    List,
    Map,
    Schema,
    Struct,
)
from lakesmith.shape import Policy, decide
from lakesmith.shape.policy import ColumnPolicy
from lakesmith.shape.relate import promotes

scalars = st.sampled_from(
    [BOOLEAN, INT, LONG, FLOAT, DOUBLE, DATE, STRING, Decimal(10, 2), Decimal(12, 2), Decimal(12, 4)]
)


def structs(kinds):
    fields = st.dictionaries(st.sampled_from("pqrs"), kinds, min_size=1)
    return fields.map(lambda parts: Struct(tuple(Field(n, k, n) for n, k in parts.items())))


kinds = st.recursive(
    scalars, lambda k: structs(k) | k.map(List) | k.map(lambda value: Map(STRING, value)), max_leaves=4
)
schemas = st.dictionaries(st.sampled_from(["a", "b", "cD", "e f", "order"]), kinds, max_size=5).map(
    lambda columns: Schema(tuple(Field(n, k, n) for n, k in columns.items()))
)
EVOLVE = Policy()
RESTATED = {"column_missing", "type_narrowed"}


def at_least(after, known):
    """Whether a type holds all another one did: the same, promoted, or grown inside."""
    if isinstance(known, Struct):
        parts = {f.name: f.type for f in after.fields}
        return all(f.name in parts and at_least(parts[f.name], f.type) for f in known.fields)
    if isinstance(known, List):
        return at_least(after.element, known.element)
    if isinstance(known, Map):
        return at_least(after.value, known.value)
    return after == known or promotes(known, after)


@given(st.none() | schemas, schemas)
def test_deciding_again_changes_nothing(known, seen):
    after = decide(known, seen, EVOLVE).after
    again = decide(after, seen, EVOLVE)
    assert not again.changes_schema
    assert {drift.kind for drift in again.drift} <= RESTATED


@given(schemas, schemas)
def test_what_was_there_stays_in_place_and_never_narrows(first, seen):
    known = decide(None, first, EVOLVE).after
    after = decide(known, seen, EVOLVE).after
    assert after.names[: len(known)] == known.names
    assert all(at_least(new.type, old.type) for new, old in zip(after, known, strict=False))


@given(schemas, schemas)
def test_two_files_give_the_same_columns_in_either_order(one, other):
    def columns(*files):
        known = None
        for file in files:
            known = decide(known, file, EVOLVE).after
        return {f.source_name: f.name for f in known if "__" not in f.name}

    assert columns(one, other) == columns(other, one)


@given(st.none() | schemas, schemas, st.sampled_from(["evolve", "quarantine", "ignore"]))
def test_one_event_per_column_and_kind(first, seen, rule):
    known = first and decide(None, first, EVOLVE).after
    drift = decide(known, seen, Policy(rule)).drift
    assert len({(event.kind, event.column) for event in drift}) == len(drift)


def schema(**columns):
    return Schema(tuple(Field(name, kind, name) for name, kind in columns.items()))


def kinds_of(reshape):
    return [(drift.kind, drift.column, drift.before, drift.after) for drift in reshape.drift]


def test_a_first_load_is_no_drift():
    reshape = decide(None, schema(Id=LONG), EVOLVE)
    assert reshape.before is None
    assert reshape.drift == ()
    assert reshape.casts == (Cast("Id", "id", LONG),)


def test_colliding_names_are_recorded():
    assert kinds_of(decide(None, schema(Id=LONG, id=LONG), EVOLVE)) == [("name_collision", "id_2", "id", "id_2")]


def test_a_rename_is_a_candidate_only_where_one_column_went_and_one_of_its_type_came():
    known = schema(a=LONG, b=STRING)
    assert ("rename_candidate", "c", "a", "c") in kinds_of(decide(known, schema(c=LONG, b=STRING), EVOLVE))
    two = decide(known, schema(c=LONG, d=LONG, b=STRING), EVOLVE)
    assert "rename_candidate" not in {kind for kind, *_ in kinds_of(two)}


def test_a_column_sent_without_a_value_is_not_missing():
    assert decide(schema(a=LONG, b=LONG), schema(a=LONG), EVOLVE, also_sent={"b"}).drift == ()


def test_system_columns_are_left_out():
    known = Schema((Field("_ls_seq", LONG), Field("a", LONG, "a")))
    assert decide(known, schema(a=LONG), EVOLVE).after.names == ("a",)


def test_field_ids_and_docs_of_the_lake_are_kept():
    known = Schema((Field("a", Struct((Field("p", INT, "p", id=2),)), "a", "kept", id=1),))
    after = decide(known, schema(a=Struct((Field("p", LONG, "p"),))), EVOLVE).after
    assert after.fields == (replace(known.fields[0], type=Struct((Field("p", LONG, "p", id=2),))),)


def test_a_lake_without_source_names_inside_structs_is_understood():
    known = Schema((Field("a", Struct((Field("zip_code", LONG),)), "a"),))
    assert decide(known, schema(a=Struct((Field("zipCode", LONG, "zipCode"),))), EVOLVE).drift == ()


def test_a_columns_own_policy_and_pin_win_over_the_streams():
    policy = Policy(
        "freeze", {"extra": ColumnPolicy(on_drift="ignore"), "Amount": ColumnPolicy("evolve", Decimal(12, 2))}
    )
    reshape = decide(schema(id=LONG), schema(id=LONG, Extra=LONG, Amount=DOUBLE), policy)
    assert reshape.after.names == ("id", "amount")
    assert reshape.after.find("amount").type == Decimal(12, 2)
    assert {drift.outcome for drift in reshape.drift} == {"dropped", "added"}


def test_masked_columns_are_text_or_not_there():
    policy = Policy(columns={"email": ColumnPolicy(mask="hash"), "phone": ColumnPolicy(mask="drop")})
    after = decide(None, schema(email=LONG, phone=LONG), policy).after
    assert [(f.name, f.type) for f in after] == [("email", STRING)]
