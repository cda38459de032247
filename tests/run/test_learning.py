"""Types of text come from everything a load is going to read."""

import pytest
from run_shelf import STREAM, Box, Shelf

from lakesmith.host.stop import StopRequestedError
from lakesmith.model.streams import Ask, StreamSpec
from lakesmith.model.types import DOUBLE, LONG, STRING
from lakesmith.run.learning import learn_types

SHELF = Shelf(
    [
        [Box({"a": ["1"], "b": ["1"]}, as_text=True), Box({"a": ["2"], "b": ["2"]}, as_text=True)],
        [Box({"a": ["3"], "b": ["2.5"], "c": ["late"]}, as_text=True)],
    ]
)
SPEC = StreamSpec(STREAM)


def test_the_last_split_decides_as_much_as_the_first():
    splits = SHELF.splits(SPEC, Ask())
    profile = learn_types(SHELF, SPEC, splits, Ask(), check=lambda: None)
    assert profile.types() == {"a": LONG, "b": DOUBLE, "c": STRING}
    assert learn_types(SHELF, SPEC, splits[:1], Ask(), check=lambda: None).types() == {"a": LONG, "b": LONG}


def test_it_stops_between_chunks():
    looked = []

    def check():
        looked.append(1)
        if len(looked) > 1:
            raise StopRequestedError("stopped")

    with pytest.raises(StopRequestedError, match="stopped"):
        learn_types(SHELF, SPEC, SHELF.splits(SPEC, Ask()), Ask(), check=check)
    assert len(looked) == 2
