"""Paths of publish entries: what they are made of, and where they cannot go."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.errors import ConfigError
from lakesmith.run.publishers.template import Place, expand

ROOT = Path("/project")
PLACE = Place("mart_sales", date(2026, 1, 2), "prod", "0199-run")


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("final/table={name}/{date}/", "/project/final/table=mart_sales/2026-01-02"),
        ("{target}/{run}/{name}-{name}", "/project/prod/0199-run/mart_sales-mart_sales"),
        ("/exports/{name}", "/exports/mart_sales"),
        ("a b/größe", "/project/a b/größe"),
    ],
)
def test_placeholders_are_filled_in(template, path):
    assert expand(template, PLACE, root=ROOT) == Path(path)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("final/{table}", r"(?s)\{table\} cannot be filled in.*use \{name\}, \{date\}, \{target\}, \{run\}"),
        ("../{name}", r"must not go up with `\.\.`"),
        ("final/..", r"must not go up with `\.\.`"),
        ("", "needs a folder of its own"),
        ("./", "needs a folder of its own"),
        ("/", "needs a folder of its own"),
    ],
)
def test_paths_that_cannot_be_meant_are_refused(template, said):
    with pytest.raises(ConfigError, match=said):
        expand(template, PLACE, root=ROOT)


@given(st.text(min_size=1))
def test_no_name_leaves_its_place(name):
    path = expand("final/{name}/x", Place(name, PLACE.date, name, name), root=ROOT)
    assert path.parts[:3] == ("/", "project", "final")
    assert len(path.parts) == 5
    assert not path.parts[3].startswith(".")


@given(st.lists(st.text(min_size=1), min_size=2, unique=True))
def test_two_names_never_meet(names):
    paths = {expand("{name}", Place(name, PLACE.date, "", ""), root=ROOT) for name in names}
    assert len(paths) == len(names)
