"""Names: total, deterministic, unique, idempotent, stable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.shape.names import MAX_BYTES, candidate, fold, is_sibling, sibling_name, unique
from lakesmith.shape.reserved import RESERVED

SAFE = re.compile(r"_?[a-z][a-z0-9]*(?:_[a-z0-9]+)*_?|_[0-9][a-z0-9]*(?:_[a-z0-9]+)*")
names = st.text(max_size=90) | st.sampled_from(
    ["Id", "id", "ID", "i_d", "order", "2x", "", " ", "_ls_seq", "客户", "#", "a__b", "id_2"]
)


@pytest.mark.parametrize(
    ("source", "folded"),
    [
        ("customerID", "customer_id"),
        ("HTTPServerIDs", "http_server_ids"),
        ("createdAt", "created_at"),
        ("Straße Größe", "strasse_grosse"),
        ("Crème brûlée", "creme_brulee"),
        ("\uff46ull\u3000\uff57idth", "full_width"),
        ("客户", "u5ba2_u6237"),
        ("%", "u0025"),
        ("Umsatz (€)", "umsatz"),
        ("2024", "_2024"),
        ("_id", "_id"),
        ("__v", "_v"),
        ("", "unnamed"),
        ("   ", "unnamed"),
        ("order", "order_"),
        ("User", "user_"),
        ("_ls_seq", "ls_seq"),
        ("quantity__string", "quantity_string"),
        ("a.b-c/d", "a_b_c_d"),
    ],
)
def test_a_name_alone_folds_as_documented(source, folded):
    assert fold([source]) == (folded,)


def test_collisions_get_numbers_in_order_of_arrival():
    assert fold(["Id", "id", "ID", "id_2"]) == ("id", "id_2", "id_3", "id_2_2")


def test_a_name_once_given_never_changes_when_columns_come_before_it():
    first = dict(zip(["Foo"], fold(["Foo"]), strict=True))
    assert fold(["foo", "FOO", "Foo"], known=first) == ("foo_2", "foo_3", "foo")


@pytest.mark.long
def test_two_thousand_columns_of_one_name_stay_apart():
    folded = fold([f"Column {' ' * i}" for i in range(2000)])
    assert len(set(folded)) == 2000
    assert all(len(name) <= MAX_BYTES for name in folded)


def test_long_names_are_told_apart_by_a_hash():
    one, other = fold(["x" * 100, "x" * 101])
    assert one != other
    assert len(one) == len(other) == MAX_BYTES
    assert one.startswith("x" * 50)


@given(st.lists(names, max_size=30))
def test_folding_is_total_safe_unique_and_deterministic(sources):
    folded = fold(sources)
    assert len(folded) == len(sources)
    assert len(set(folded)) == len(folded)
    assert fold(sources) == folded
    for name in folded:
        assert SAFE.fullmatch(name), name
        assert len(name.encode()) <= MAX_BYTES
        assert name not in RESERVED
        assert not name.startswith("_ls_")
        assert not is_sibling(name)


@given(st.lists(names, max_size=30))
def test_folding_is_idempotent(sources):
    assert fold(fold(sources)) == fold(sources)


@given(st.lists(names, max_size=15, unique=True), st.lists(names, max_size=15, unique=True))
def test_folding_is_stable_when_more_columns_come(first, later):
    given_names = dict(zip(first, fold(first), strict=True))
    columns = [*(name for name in later if name not in first), *first]
    second = dict(zip(columns, fold(columns, known=given_names), strict=True))
    assert {name: second[name] for name in first} == given_names


@given(names, st.sampled_from(["string", "double", "decimal", "json", "binary"]))
def test_a_sibling_is_named_after_its_column_and_meets_no_folded_name(source, suffix):
    name = sibling_name(candidate(source), suffix)
    assert is_sibling(name)
    assert len(name) <= MAX_BYTES
    assert name.endswith(f"__{suffix}")
    assert candidate(name) != name


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "a (3)", "unnamed"]), max_size=8))
def test_equal_source_names_are_told_apart_and_the_first_keeps_its_name(sources):
    told = unique(sources)
    assert len(set(told)) == len(told) == len(sources)
    assert all(told[sources.index(name)] == name for name in set(sources))
