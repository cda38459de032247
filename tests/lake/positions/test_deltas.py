"""A delta leads from any JSON object to any other, and is small where they are alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.lake.positions.deltas import apply, canonical, diff

KEYS = st.sampled_from(["a", "b", "c", "+", "~", "-", ""])
LEAVES = st.none() | st.integers(-3, 3) | st.text(max_size=2) | st.lists(st.integers(0, 2), max_size=2)
OBJECTS = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=4), lambda inner: st.dictionaries(KEYS, LEAVES | inner, max_size=4)
)


@given(OBJECTS, OBJECTS)
def test_a_delta_leads_from_one_object_to_the_other(before, after):
    kept = json.dumps(before)
    delta = json.loads(canonical(diff(before, after)))
    assert canonical(apply(before, delta)) == canonical(after)
    assert json.dumps(before) == kept


@given(OBJECTS)
def test_nothing_changed_is_nothing(value):
    assert diff(value, json.loads(json.dumps(value))) == {}


def test_one_file_more_and_one_longer_is_small():
    before = {f"file-{at}": {"size": at, "hash": "x" * 32} for at in range(1000)}
    after = {**before, "file-7": {"size": 8, "hash": "x" * 32}, "new": {"size": 1}}
    del after["file-9"]
    assert diff(before, after) == {"+": {"new": {"size": 1}}, "~": {"file-7": {"+": {"size": 8}}}, "-": ["file-9"]}


@pytest.mark.parametrize("delta", [{"-": ["x"]}, {"~": {"x": {}}}, {"~": {"a": {"+": {"b": 1}}}}, {"+": 3}])
def test_a_delta_of_something_else_is_refused(delta):
    with pytest.raises(ValueError, match="does not fit its base"):
        apply({"a": 1}, delta)
