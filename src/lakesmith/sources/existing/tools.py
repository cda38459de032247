"""What tools leave in the tables they load: one entry per tool."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lakesmith.model.watching import Clock

IS_NULL, IS_NOT_TRUE, IS_NOT_FALSE = "{} is null", "coalesce({}, false) = false", "coalesce({}, true)"


@dataclass(frozen=True, slots=True)
class Tool:
    """The conventions of one tool.

    `clocks` are tried in order. `columns` matches the names of its bookkeeping columns, `tables` those of tables that are its own.
    `newest_by` orders the rows of one key, greatest first; `alive` has the condition under which a row was not deleted, by column.
    Rows whose `load_id` is in `complete_in` are of a complete load.
    """

    clocks: tuple[Clock, ...] = ()
    columns: str = r"(?!)"
    tables: str = r"(?!)"
    newest_by: tuple[str, ...] = ()
    alive: Mapping[str, str] = field(default_factory=dict)
    load_id: str = ""
    complete_in: Clock | None = None

    def is_own_table(self, table: str) -> bool:
        """Whether a table is the tool's own, not somebody's data."""
        return re.fullmatch(self.tables, table.lower()) is not None

    def bookkeeping(self, table: str, columns: Sequence[str], tables: Collection[str]) -> tuple[str, ...]:
        """Return the columns of a table that are the tool's own; those that join a table to its children stay."""
        own = [name for name in columns if re.fullmatch(self.columns, name.lower())]
        joined = "__" in table or any(other.startswith(f"{table}__") for other in tables)
        return tuple(name for name in own if not (joined and name.lower() == "_dlt_id"))


_SINGER = Tool(
    clocks=(Clock("_sdc_batched_at"), Clock("_sdc_received_at"), Clock("_sdc_extracted_at")),
    columns=r"_sdc_.*",
    tables=r"_sdc_.*",
    newest_by=("_sdc_table_version", "_sdc_sequence", "_sdc_batched_at"),
    alive={"_sdc_deleted_at": IS_NULL},
)

TOOLS: Mapping[str, Tool] = {
    "airbyte": Tool(
        clocks=(Clock("_airbyte_extracted_at"), Clock("_airbyte_emitted_at")),
        columns=r"_airbyte_.*|_ab_(cdc|source)_.*",
        tables=r"_airbyte_.*|airbyte_internal.*",
        newest_by=("_airbyte_extracted_at", "_airbyte_emitted_at", "_ab_cdc_lsn", "_airbyte_raw_id"),
        alive={"_ab_cdc_deleted_at": IS_NULL},
    ),
    "fivetran": Tool(
        clocks=(Clock("_fivetran_synced"),),
        columns=r"_fivetran_.*",
        tables=r"fivetran_.*|_fivetran_.*",
        newest_by=("_fivetran_start", "_fivetran_synced"),
        alive={"_fivetran_deleted": IS_NOT_TRUE, "_fivetran_active": IS_NOT_FALSE},
    ),
    "dlt": Tool(
        clocks=(
            Clock("inserted_at", table="_dlt_loads", only_where="status"),
            Clock("_dlt_load_id", is_epoch=True),
        ),
        columns=r"_dlt_load_id|_dlt_id",
        tables=r"_dlt_.*",
        newest_by=("_dlt_load_id", "_dlt_id"),
        load_id="_dlt_load_id",
        complete_in=Clock("load_id", table="_dlt_loads", only_where="status"),
    ),
    "stitch": _SINGER,
    "meltano": _SINGER,
    "other": Tool(),
}
