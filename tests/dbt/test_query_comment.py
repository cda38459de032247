"""What a statement says of itself: run, step and model, with nothing parsed again because the run is another one."""

from __future__ import annotations

from pathlib import Path

from lakesmith.dbt.program import DbtRequest, environment

HERE = Path("acme")


def test_a_run_tells_its_id_and_step():
    told = environment(DbtRequest(HERE, HERE, "prod", HERE, run_id="r1", command="build", env={"A": "b"}))
    assert told["LAKESMITH_RUN_ID"] == "r1"
    assert told["LAKESMITH_RUN_STEP"] == "build"
    assert told["A"] == "b"


def test_what_is_no_run_tells_none():
    assert not [name for name in environment(DbtRequest(HERE, HERE, "prod", HERE)) if "LAKESMITH" in name]
