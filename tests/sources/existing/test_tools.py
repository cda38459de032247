"""What each tool leaves in its tables: told from data, left out of silver, and used to keep one row of each key."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakesmith.dbt.existing import ExistingTable
from lakesmith.errors import UsageError
from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.model.watching import Clock, Column
from lakesmith.sources.existing import ExistingOptions, ExistingSource, ExistingStreamOptions

STREAM = StreamId("legacy", "customers")
ZONED = "timestamp with time zone"


def source(tool: str, *streams: StreamSpec, **options) -> ExistingSource:
    return ExistingSource(SourceContext("legacy", ExistingOptions(loaded_by=tool, **options), Path("/acme"), streams))


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, ZONED if name.endswith(("_at", "_synced")) else "text") for name in names)


def statement(tool: str, names: tuple[str, ...], *streams: StreamSpec, **options) -> list[str]:
    """Return the staging model's SQL, line by line, without blanks around."""
    tables = {"customers": columns(*names), "_dlt_loads": columns("load_id", "status", "inserted_at")}
    [made] = source(tool, *streams, **options).models(tables if tool == "dlt" else {"customers": tables["customers"]})
    table = ExistingTable(made, tuple(column.name for column in made.columns))
    return [line.strip() for line in table.sql().splitlines()]


@pytest.mark.parametrize(
    ("tool", "own", "clock", "newest", "conditions"),
    [
        ("airbyte", ("_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id", "_ab_cdc_deleted_at"), Clock("_airbyte_extracted_at"), '"_airbyte_extracted_at" desc nulls last, "_airbyte_raw_id" desc nulls last', ['and "_ab_cdc_deleted_at" is null']),
        ("airbyte", ("_airbyte_ab_id", "_airbyte_emitted_at"), Clock("_airbyte_emitted_at"), '"_airbyte_emitted_at" desc nulls last', []),
        ("fivetran", ("_fivetran_synced", "_fivetran_deleted"), Clock("_fivetran_synced"), '"_fivetran_synced" desc nulls last', ['and coalesce("_fivetran_deleted", false) = false']),
        ("dlt", ("_dlt_load_id", "_dlt_id"), Clock("inserted_at", "_dlt_loads", "status"), '"_dlt_load_id" desc nulls last, "_dlt_id" desc nulls last', []),
        ("stitch", ("_sdc_batched_at", "_sdc_sequence", "_sdc_deleted_at"), Clock("_sdc_batched_at"), '"_sdc_sequence" desc nulls last, "_sdc_batched_at" desc nulls last', ['and "_sdc_deleted_at" is null']),
        ("meltano", ("_sdc_received_at", "_sdc_extracted_at"), Clock("_sdc_received_at"), None, []),
        ("other", ("_airbyte_raw_id",), None, None, []),
    ],
)  # fmt: skip
def test_a_tools_columns(tool, own, clock, newest, conditions):
    spec = StreamSpec(STREAM, key=("id",), options=ExistingStreamOptions())
    lines = statement(tool, ("id", "name", *own), spec)
    kept = own if tool == "other" else ()
    assert [line.partition(" as ")[2].strip('",') for line in lines if ' as "' in line] == ["id", "name", *kept]
    order = f'row_number() over (partition by "id" order by {newest}) as _ls_newest'
    assert (order in lines) == (newest is not None)
    assert [line for line in lines if line.startswith("and ")] == conditions
    [sight] = source(tool, spec).sights(
        {"customers": columns("id", "name", *own), "_dlt_loads": columns("inserted_at")}
    )
    assert sight.clock == clock


def test_own_columns_come_before_the_tools():
    spec = StreamSpec(STREAM, key=("id",), options=ExistingStreamOptions(newest_by="version", loaded_at="seen_at"))
    lines = statement("fivetran", ("id", "version", "seen_at", "_fivetran_synced"), spec)
    assert any('order by "version" desc nulls last, "_fivetran_synced" desc nulls last' in line for line in lines)
    [sight] = source("fivetran", spec).sights({"customers": columns("id", "seen_at", "_fivetran_synced")})
    assert sight.clock == Clock("seen_at")


def test_tables_of_the_tool_are_nobodys_data_and_names_are_folded():
    tables = dict.fromkeys(("_dlt_loads", "_dlt_version", "Orders", "orders", "2024 sales"), columns("_dlt_load_id"))
    sights = source("dlt").sights(tables)
    assert [(sight.stream.name, sight.table) for sight in sights] == [
        ("t_2024_sales", "2024 sales"),
        ("orders", "Orders"),
        ("orders_2", "orders"),
    ]
    assert {sight.clock for sight in sights} == {Clock("_dlt_load_id", is_epoch=True)}  # `_dlt_loads` does not say when


def test_nothing_is_ever_loaded():
    spec = StreamSpec(STREAM, where="lakesmith.yml:7")
    with pytest.raises(UsageError, match=r"legacy.customers is a table that others load"):
        source("airbyte", spec).splits(spec, Ask())
    assert source("airbyte").loads is False
