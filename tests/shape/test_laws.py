"""Laws of a load over random batches: no value is lost, a shape is met once, and the order of batches gives the same columns."""

import json
from collections import Counter

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.shape import Policy, Shaper

NAMES = ("id", "a", "Bc", "b c", "order")
INNER = pa.struct([("p", pa.int64())])
KINDS = {
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False, width=32),
    pa.string(): st.text(max_size=5),
    pa.bool_(): st.booleans(),
    pa.list_(pa.int64()): st.lists(st.integers(-9, 9), max_size=3),
    INNER: st.integers(-9, 9).map(lambda number: {"p": number}),
}
RESTATED = {"column_missing", "type_narrowed"}
policies = st.sampled_from(["evolve", "quarantine", "ignore"])


@st.composite
def batches(draw):
    """Return a batch of a few columns, each of one type, with nulls."""
    rows = draw(st.integers(1, 4))
    columns = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        kind = draw(st.sampled_from(list(KINDS)))
        values = draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows))
        columns[name] = pa.array(values, kind)
    return pa.record_batch(columns)


loads = st.lists(batches(), min_size=1, max_size=3)


def shaped_by(shaper, batch):
    """Return the rows that came through, by their number in the batch, and the rejects by theirs."""
    shaped = shaper.shape(batch, str)
    gone = {int(reject.where): reject for reject in shaped.rejects}
    left = [number for number in range(batch.num_rows) if number not in gone]
    return dict(zip(left, shaped.rows.to_pylist(), strict=True)), gone


def says(value, cell):
    """Whether a cell says what a value says: itself, or as text."""
    if value == cell and not isinstance(cell, bool) | isinstance(value, bool):
        return True
    if isinstance(cell, str) and not isinstance(value, str):
        return json.loads(cell) == value
    return value == cell


def cells_of(row, column, names):
    """Return what a row holds in a column and its siblings."""
    return [row[name] for name in names if column in (name, name.rpartition("__")[0]) and row[name] is not None]


@settings(max_examples=60)
@given(loads, policies, st.booleans())
def test_every_value_is_in_one_place_or_counted(load, rule, with_table):
    first = Shaper(None, Policy())
    known = first.shape(load[0], str).reshape.after if with_table else None
    shaper = Shaper(known, Policy(rule))
    left_out: Counter[str] = Counter()
    for batch in load:
        rows, gone = shaped_by(shaper, batch)
        given_name = {cast.source_name: cast.column for cast in shaper.reshape.casts}
        for number, sent in enumerate(batch.to_pylist()):
            if number in gone:
                assert json.loads(gone[number].raw) == sent
                continue
            for name, value in sent.items():
                row = rows[number]
                found = cells_of(row, given_name[name], row) if name in given_name else []
                if value is not None and found:
                    assert len(found) == 1
                    assert says(value, found[0])
                elif value is not None:
                    left_out[name] += 1
    assert rule == "ignore" or not left_out
    if rule == "ignore":
        assert left_out.total() == sum(shaper.counts.values())


@settings(max_examples=40)
@given(loads, policies)
def test_the_next_load_of_the_same_shape_changes_nothing(load, rule):
    shaper = Shaper(None, Policy(rule))
    for batch in load:
        shaper.shape(batch, str)
    again = Shaper(shaper.finish().after, Policy(rule))
    for batch in load:
        again.shape(batch, str)
    reshape = again.finish()
    assert not reshape.changes_schema
    if rule == "evolve":
        assert {drift.kind for drift in reshape.drift} <= RESTATED


@settings(max_examples=40)
@given(batches(), batches())
def test_either_order_of_two_batches_gives_the_same_columns(one, other):
    def columns(*load):
        shaper = Shaper(None, Policy())
        for batch in load:
            shaper.shape(batch, str)
        return {f.source_name for f in shaper.finish().after if "__" not in f.name}

    assert columns(one, other) == columns(other, one)


@settings(max_examples=40)
@given(loads)
def test_columns_never_share_a_name(load):
    shaper = Shaper(None, Policy())
    sent = set()
    for batch in load:
        shaper.shape(batch, str)
        sent |= set(batch.schema.names)
    after = shaper.finish().after
    assert len(set(after.names)) == len(after)
    assert {f.source_name for f in after if "__" not in f.name} <= sent
    assert len({cast.column for cast in shaper.reshape.casts}) == len(shaper.reshape.casts)
