"""Parts cover a table: each page in one of them, the last one without an end."""

from hypothesis import given
from hypothesis import strategies as st

from lakesmith.sources.postgres.catalog.values import Leaf, Relation
from lakesmith.sources.postgres.planning.parts import Pages, key_parts, leaf_parts

LEAF = Relation("public", "t")


@given(size=st.integers(0, 3_000_000), split=st.integers(1, 100_000))
def test_each_page_is_in_one_part(size, split):
    parts = list(leaf_parts(Leaf(1, LEAF, "table", 2, size), Pages(split, 8192)))
    assert len({part.name for part in parts}) == len(parts)
    bounds = [part.where.replace("ctid >= ", "").replace("ctid < ", "") for part in parts]
    if len(parts) == 1:
        assert bounds == [""]
        return
    starts = [bound.rpartition(" and ")[0] for bound in bounds[1:-1]] + [bounds[-1]]
    ends = [bounds[0], *(bound.rpartition(" and ")[2] for bound in bounds[1:-1])]
    assert starts == ends
    assert all("<" not in part.where for part in parts[-1:])


def test_leaf_without_pages_is_one_part():
    assert [part.where for part in leaf_parts(Leaf(1, LEAF, "foreign table", None, None), Pages(1, 8192))] == [""]
    assert [part.where for part in leaf_parts(Leaf(1, LEAF, "table", 2, 10**9), None)] == [""]


def test_ranges_of_values_have_open_ends():
    found = [part.where for part in key_parts("t", "n", ["10", "20"])]
    assert found == ["n < 10", "n >= 10 and n < 20", "n >= 20", "n is null"]
    assert [part.where for part in key_parts("t", "n", [])] == ["n is not null", "n is null"]
