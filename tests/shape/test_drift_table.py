"""The drift table of the design, every cell: once by types alone and once by rows."""

import itertools
from decimal import Decimal as Number

import pyarrow as pa
import pytest
from drift_table import CASES, CHANGES, POLICIES, STOP, Case

from lakesmith.errors import DriftRefusedError
from lakesmith.model.types import LONG, STRING, Decimal, Field, Map, Schema
from lakesmith.shape import Policy, Shaper, arrow_type, decide

CELLS = [(case, policy) for case in CASES for policy in POLICIES]
cells = pytest.mark.parametrize(("case", "policy"), CELLS, ids=[f"{case.title}-{policy}" for case, policy in CELLS])


def batch(case: Case):
    columns = {"id": pa.array([1, 2], pa.int64())}
    if case.now is not None:
        kind = arrow_type(case.now)
        is_decimal = isinstance(case.now, Decimal)
        columns["x"] = pa.array([case.value, None]).cast(kind) if is_decimal else pa.array([case.value, None], kind)
    return pa.record_batch(columns)


def refused(case):
    return pytest.raises(DriftRefusedError, match=rf"(?s)policy is freeze: {case.column} was .*on_drift: evolve")


def compare(reshape, case, policy):
    """Compare one event, and the columns, with the cell."""
    change = CHANGES[case.change]
    event = (change.kind, case.column, policy, change.outcome(policy))
    assert event in [(d.kind, d.column, d.policy, d.outcome) for d in reshape.drift]
    found = reshape.after.find("x")
    assert (found.type if found else None) == (case.after if policy == "evolve" else case.before)
    assert tuple(f.name for f in reshape.after if "__" in f.name) == (case.siblings if policy == "evolve" else ())


@cells
def test_types_alone(case, policy):
    known, seen = case.schemas()
    if CHANGES[case.change].outcome(policy) == STOP:
        with refused(case):
            decide(known, seen, Policy(policy))
        return
    compare(decide(known, seen, Policy(policy)), case, policy)


@cells
def test_rows(case, policy):
    shaper = Shaper(case.schemas()[0], Policy(policy))
    outcome = CHANGES[case.change].outcome(policy)
    if outcome == STOP:
        with refused(case):
            shaper.shape(batch(case), str) and shaper.finish()
        return
    shaped = shaper.shape(batch(case), str)
    waiting = int(outcome == "quarantined" and not case.fits)
    assert len(shaped.rejects) == waiting
    assert shaped.rows.num_rows == 2 - waiting
    assert shaped.rows.schema.names == list(shaped.reshape.after.names)
    compare(shaped.reshape, case, policy)
    if not waiting:
        assert first_row(shaped) == plain(case.ignored if policy == "ignore" and not_kept(case) else case.row)


def not_kept(case):
    return case.change in {"adds", "misfits", "widens"}


def first_row(shaped):
    return {name: plain(value) for name, value in shaped.rows.to_pylist()[0].items() if name != "id"}


def plain(value):
    """Return a row with numbers as text, as the table writes decimals."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return str(value) if isinstance(value, Number) else value


@cells
def test_the_next_load_of_the_same_shape_says_nothing_new(case, policy):
    if CHANGES[case.change].outcome(policy) == STOP:
        return
    known = Shaper(case.schemas()[0], Policy(policy)).shape(batch(case), str).reshape.after
    again = Shaper(known, Policy(policy)).shape(batch(case), str).reshape
    assert not again.changes_schema
    lasting = case.change in {"stops", "narrows"} or policy != "evolve"
    assert again.drift == () or lasting, again.drift


def test_every_kind_of_change_has_a_case_under_every_policy():
    assert {case.change for case in CASES} | {"renames", "proves"} == set(CHANGES)
    assert all(len(change.outcomes) == len(change.words) == len(POLICIES) for change in CHANGES.values())


RENAMED = Schema((Field("id", LONG, "id"), Field("mail", STRING, "mail")))
NEW_NAME = pa.record_batch({"id": [1, 2], "email": ["a@x", None]})


@pytest.mark.parametrize("policy", POLICIES)
def test_a_renamed_field(policy):
    shaper, outcome = Shaper(RENAMED, Policy(policy)), CHANGES["renames"].outcome(policy)
    if outcome == STOP:
        with pytest.raises(DriftRefusedError, match="email was not there, and is string"):
            shaper.shape(NEW_NAME, str)
        return
    shaped = shaper.shape(NEW_NAME, str)
    found = [(d.before, d.after, d.outcome) for d in shaper.finish().drift if d.kind == "rename_candidate"]
    assert found == ([("mail", "email", outcome)] if outcome else [])
    assert len(shaped.rejects) == (policy == "quarantine")
    assert ("email" in shaped.rows.schema.names) == (policy == "evolve")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_key_that_is_not_sent_any_more_stops_the_load_under_every_policy(policy):
    known = Schema((Field("id", LONG, "ID"), Field("x", LONG, "x")))
    shaper = Shaper(known, Policy(policy, key=("id",), stream="shop.orders"))
    with pytest.raises(
        DriftRefusedError, match=r"came without id, which is in its key\. Nothing was loaded, and bronze"
    ):
        shaper.shape(pa.record_batch({"x": [1]}), str)
    assert shaper.shape(pa.record_batch({"ID": [1], "x": [1]}), str).rows.num_rows == 1


def test_a_case_is_named_once():
    assert all(one.title != other.title for one, other in itertools.combinations(CASES, 2))
    assert any(isinstance(case.now, Map) for case in CASES)
