import json

import pytest

from lakesmith.dbt.artifacts import Column, Node, RunResult, read_manifest, read_run_results
from lakesmith.errors import TransformError

SCHEMA = "https://schemas.getdbt.com/dbt/{}/v{}.json"


def _write(folder, name, version, **content):
    kind = name.removesuffix(".json").replace("_", "-")
    about = {
        "dbt_schema_version": SCHEMA.format(kind, version),
        "project_name": "acme",
        "invocation_id": "i1",
        "dbt_version": "1.11.16",
    }
    (folder / name).write_text(json.dumps({"metadata": about, **content}))


MODEL = {
    "unique_id": "model.acme.mart_sales",
    "resource_type": "model",
    "name": "mart_sales",
    "package_name": "acme",
    "original_file_path": "models\\marts\\mart_sales.sql",
    "fqn": ["acme", "marts", "mart_sales"],
    "schema": "marts",
    "alias": "sales",
    "description": "Sales.",
    "tags": ["report"],
    "columns": {"day": {"name": "day", "description": "The day.", "tags": ["date"]}},
    "depends_on": {"nodes": ["source.acme.shop.orders"]},
    "config": {"materialized": "table"},
    "checksum": {"name": "sha256", "checksum": "abc"},
    "patch_path": "acme://models/marts/_marts.yml",
    "something_new": 1,
}
TEST = {
    "unique_id": "test.acme.unique_day",
    "resource_type": "test",
    "name": "unique_day",
    "attached_node": "model.acme.mart_sales",
    "column_name": "day",
    "config": {"severity": "WARN"},
    "test_metadata": {"name": "unique"},
}
SOURCE = {
    "unique_id": "source.acme.shop.orders",
    "resource_type": "source",
    "name": "orders",
    "source_name": "shop",
    "schema": "bronze_shop",
    "identifier": "orders",
}
SOURCE_TEST = {
    "unique_id": "test.acme.not_null_orders",
    "resource_type": "test",
    "name": "not_null_orders",
    "depends_on": {"nodes": ["source.acme.shop.orders"]},
    "config": {},
    "test_metadata": {"name": "not_null"},
}


def _keyed(*entries):
    return {entry["unique_id"]: entry for entry in entries}


def test_manifest_becomes_values(tmp_path):
    _write(tmp_path, "manifest.json", 12, nodes=_keyed(MODEL, TEST, SOURCE_TEST), sources=_keyed(SOURCE), exposures={})

    manifest = read_manifest(tmp_path)

    assert (manifest.project, manifest.invocation_id, manifest.dbt_version) == ("acme", "i1", "1.11.16")
    assert manifest.nodes["model.acme.mart_sales"] == Node(
        unique_id="model.acme.mart_sales",
        resource_type="model",
        name="mart_sales",
        package="acme",
        path="models/marts/mart_sales.sql",
        fqn=("acme", "marts", "mart_sales"),
        schema="marts",
        alias="sales",
        description="Sales.",
        tags=("report",),
        depends_on=("source.acme.shop.orders",),
        materialized="table",
        columns=(Column("day", "The day.", ("date",)),),
        checksum="abc",
        patch_path="models/marts/_marts.yml",
        config={"materialized": "table"},
    )
    assert manifest.nodes["model.acme.mart_sales"].relation == "marts.sales"
    assert manifest.nodes["source.acme.shop.orders"].relation == "bronze_shop.orders"
    assert manifest.nodes["model.acme.mart_sales"].compiled_path == "target/compiled/acme/models/marts/mart_sales.sql"


def test_tests_know_what_they_are_about(tmp_path):
    _write(tmp_path, "manifest.json", 12, nodes=_keyed(MODEL, TEST, SOURCE_TEST), sources=_keyed(SOURCE))

    manifest = read_manifest(tmp_path)

    (unique,) = manifest.tests_of("model.acme.mart_sales")
    assert (unique.column, unique.severity, unique.test, unique.relation) == ("day", "warn", "unique", "")
    assert [node.name for node in manifest.tests_of("source.acme.shop.orders")] == ["not_null_orders"]


def test_run_results_become_values(tmp_path):
    phases = [
        {"name": "compile", "started_at": "2026-11-01T10:00:00Z", "completed_at": "2026-11-01T10:00:01.5Z"},
        {"name": "execute", "started_at": "2026-11-01T10:00:01Z", "completed_at": None},
    ]
    result = {
        "unique_id": "model.acme.a",
        "status": "success",
        "execution_time": 2.0,
        "timing": phases,
        "adapter_response": {"rows_affected": 7},
    }
    unknown = {
        "unique_id": "test.acme.b",
        "status": "fail",
        "failures": 3,
        "message": "Got 3",
        "adapter_response": {"rows_affected": -1},
    }
    _write(tmp_path, "run_results.json", 6, results=[result, unknown], elapsed_time=2.5)

    results = read_run_results(tmp_path)

    assert results.seconds == 2.5
    assert results.results == (
        RunResult("model.acme.a", "success", 2.0, rows=7, timing_s={"compile": 1.5}),
        RunResult("test.acme.b", "fail", 0.0, "Got 3", failures=3),
    )


@pytest.mark.parametrize("name", ["manifest.json", "run_results.json"])
def test_missing_damaged_and_unknown_artifacts_are_refused(name, tmp_path):
    read = {"manifest.json": read_manifest, "run_results.json": read_run_results}[name]

    with pytest.raises(TransformError, match=rf"{name} is missing[\s\S]*dbt parse"):
        read(tmp_path)
    (tmp_path / name).write_text('{"metadata": ')
    with pytest.raises(TransformError, match=f"{name} is damaged"):
        read(tmp_path)
    (tmp_path / name).write_text("[]")
    with pytest.raises(TransformError, match=f"{name} is damaged"):
        read(tmp_path)
    _write(tmp_path, name, 99)
    with pytest.raises(TransformError, match=rf"{name} is of version 99, and versions \d+ to \d+ are known"):
        read(tmp_path)
