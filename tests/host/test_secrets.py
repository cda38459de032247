import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lakesmith.host.secrets import MASK, Secrets

VALUES = st.lists(st.text(st.characters(exclude_characters="•"), min_size=4, max_size=12), min_size=1, max_size=5)


@given(values=VALUES, words=st.lists(st.text(max_size=10), max_size=5))
def test_no_known_value_is_left(values, words):
    assume(not any("•" in word for word in words))
    secrets = Secrets()
    for value in values:
        secrets.add(value)
    masked = secrets.mask("|".join([*words, *values, *words]))
    assert not any(value in part for value in values for part in masked.split(MASK))


def test_the_longest_value_goes_first():
    secrets = Secrets()
    secrets.add("pass")
    secrets.add("password-1")
    assert secrets.mask("a password-1, a pass") == f"a {MASK}, a {MASK}"


@pytest.mark.parametrize("value", ["", "a", "123"])
def test_short_values_tear_no_holes(value):
    secrets = Secrets()
    secrets.add(value)
    assert secrets.mask("a 123 banana") == "a 123 banana"


def test_a_value_is_text_and_no_pattern():
    secrets = Secrets()
    secrets.add("a.b*c")
    assert secrets.mask("a.b*c aXbbc") == f"{MASK} aXbbc"
