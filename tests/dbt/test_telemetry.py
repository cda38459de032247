"""Which files `scaffold telemetry` writes, and which it leaves alone; their columns are those of the source."""

from __future__ import annotations

import hashlib
import re

import pytest

from lakesmith.dbt.telemetry import HOME, plan_telemetry, tables
from lakesmith.monitor.exports.telemetry.contents import CONTENTS


def written(source="pipeline", existing=None):
    return {change.path: change for change in plan_telemetry(source, existing or {})}


def test_every_table_of_the_source_has_a_model():
    assert set(tables()) == set(CONTENTS)
    models = {f"models/silver/pipeline/stg_pipeline__{name.removeprefix('lakesmith_')}.sql" for name in tables()}
    assert models <= set(written())


def test_the_name_of_the_source_is_everywhere():
    for path, change in written("watchtower").items():
        assert "SOURCE" not in path + change.content
        for source in re.findall(r"source\('(\w+)'", change.content):
            assert source == "watchtower"
    refs = {ref for change in written("watchtower").values() for ref in re.findall(r"ref\('(\w+)'\)", change.content)}
    assert refs <= {path.rpartition("/")[2].removesuffix(".sql") for path in written("watchtower")}


def test_what_a_person_edited_stays_and_the_rest_is_brought_up_to_date():
    first = written()
    assert {change.action for change in first.values()} == {"create"}
    files = {path: change.content for path, change in first.items()}
    assert {change.action for change in plan_telemetry("pipeline", files)} == {"unchanged"}
    edited = "models/gold/telemetry/fct_runs.sql"
    files[edited] += "-- and more\n"
    older = "models/gold/telemetry/fct_loads.sql"
    body = "select 1 as one\n"
    mark = hashlib.sha256(body.encode()).hexdigest()[:16]
    files[older] = f"-- Made by `lakesmith scaffold telemetry` ({mark}); whatever.\n{body}"
    found = written(existing=files)
    assert found[edited].action == "kept"
    assert (found[older].action, found[older].content) == ("update", first[older].content)
    assert {change.action for path, change in found.items() if path not in (edited, older)} == {"unchanged"}


def test_a_source_that_is_declared_elsewhere_is_not_declared_again():
    elsewhere = {"models/sources.yml": "version: 2\nsources:\n  - {name: pipeline, tables: [{name: lakesmith_runs}]}\n"}
    declaration = "models/silver/pipeline/_pipeline_sources.yml"
    assert written(existing=elsewhere)[declaration].action == "kept"
    others = {
        "models/sources.yml": elsewhere["models/sources.yml"].replace("pipeline", "shop"),
        "models/a.yml": "sources: [",
    }
    assert written(existing=others)[declaration].action == "create"


@pytest.mark.parametrize("file", sorted(HOME.rglob("*.sql")), ids=lambda file: file.name)
def test_a_model_says_what_a_row_is(file):
    assert file.read_text("utf-8").startswith("-- ")
