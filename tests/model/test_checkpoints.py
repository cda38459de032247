import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.model.loads import Checkpoint, Counts
from lakesmith.model.streams import StreamId

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
CHECKPOINTS = st.builds(
    Checkpoint,
    stream=st.builds(StreamId, NAMES, NAMES),
    position=st.text().map(str.encode),
    ordinal=st.integers(0, 2**31),
    generation=st.integers(0, 1000),
    config_hash=st.text(max_size=70),
    open_splits=st.lists(st.text(max_size=30), max_size=4).map(tuple),
)
COUNTS = st.builds(Counts, *[st.integers(0, 10**12)] * 5, proven=st.booleans())


@given(checkpoint=CHECKPOINTS)
def test_a_checkpoint_survives_the_way_through_text(checkpoint):
    assert Checkpoint.decode(checkpoint.encode()) == checkpoint


@given(checkpoint=CHECKPOINTS)
def test_the_text_is_canonical(checkpoint):
    text = checkpoint.encode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "3", "null", '{"stream": 1}', "not json", '{"stream": "a.b", "position": 3}']
)
def test_other_text_is_no_checkpoint(text):
    with pytest.raises(ValueError, match=r"not a checkpoint|Expecting value"):
        Checkpoint.decode(text)


@given(one=COUNTS, other=COUNTS)
def test_the_row_law_adds_up(one, other):
    both = one + other
    assert both.read == one.read + other.read
    assert both.proven == (one.proven and other.proven)
    if one.holds and other.holds:
        assert both.holds


def test_the_row_law():
    assert Counts(10, 7, 2, 1).holds
    assert Counts(10, 7, 2, 1, derived=5).holds
    assert not Counts(10, 7, 2, 0).holds
