"""What the project file may say of a PostgreSQL source, and what it may not."""

import pytest
from pydantic import ValidationError

from lakesmith.sources.postgres import PostgresOptions, PostgresStreamOptions


def test_no_secret_is_shown():
    options = PostgresOptions(
        url="postgresql://me:hidden@db/shop", password="hidden", replica="postgresql://me:hidden@r/shop"
    )
    assert "hidden" not in f"{options!r} {options}"


def test_one_pattern_is_a_list_of_one():
    assert PostgresOptions(url="x", include="*", exclude=["a", "b"]).include == ("*",)


def test_schema_is_written_as_people_do():
    assert PostgresOptions.model_validate({"schema": "sales"}).schema_ == "sales"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"select": ["a"], "exclude": ["b"]}, "keep one of them"),
        ({"look_back": "10m"}, "needs a `cursor`"),
        ({"cursor": "at", "look_back": "10 parsecs"}, "look_back"),
        ({"cursor": "at", "look_back": -1}, "above 0"),
        ({"cursor": "at", "look_back": float("inf")}, "above 0"),
        ({"cursor": "at", "look_back": float("nan")}, "above 0"),
        ({"coursor": "at"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(said, what):
    with pytest.raises(ValidationError, match=what):
        PostgresStreamOptions(**said)
