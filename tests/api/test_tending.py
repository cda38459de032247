"""After a load its table is tended: many small files become few, rows stay, and a failure there fails no load."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from api_yard import Yard

from lakesmith.run.jobs import job_of
from lakesmith.run.load import load_stream
from lakesmith.run.workshop import Order

FILES = 33


@pytest.fixture
def yard(tmp_path):
    """A table of as many small files as make a compaction due."""
    yard = Yard(tmp_path / "yard")
    for number in range(FILES):
        yard.put(f"notes/{number:03d}.csv", "id", str(number))
    shop = yard.open()._shop
    [spec] = [spec for spec in shop.config.streams() if spec.id.name == "notes"]
    load_stream(replace(job_of(shop, spec, Order()), group_bytes=1))
    yard.put("notes/999.csv", "id", "999")
    return yard


@pytest.mark.long
def test_a_compaction_is_among_the_facts_of_the_load_and_in_the_history(yard):
    result = yard.run()
    [step] = [step for step in yard.open().history().steps(result.run_id) if step.kind == "load"]
    assert step.facts["files_before"] > step.facts["files_after"]
    assert yard.rows("yard.notes") == [*range(FILES), 999]
    versions = yard.open().versions("notes")
    assert [version.kind for version in versions][:2] == ["compaction", "load"]
    assert versions[0].rows == versions[1].rows == FILES + 1
    yard.open().rollback("notes")  # what readers had before the newest load, not before the compaction
    assert yard.rows("yard.notes") == [*range(FILES)]


@pytest.mark.long
def test_upkeep_that_fails_fails_no_load(yard):
    broken = min((yard.root / "lake").rglob("*.parquet"))
    broken.write_bytes(b"PAR1 torn PAR1")
    result = yard.open().run()
    assert result.outcome.steps["load:yard.notes"] == "warned"
    [step] = [step for step in yard.open().history().steps(result.run_id) if step.kind == "load"]
    assert "The load is whole, but the upkeep of yard.notes failed" in step.message
    assert yard.open().versions("notes")[0].rows == FILES + 1
