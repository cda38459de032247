"""What can be said about the record of runs as a source."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TableName = Literal[
    "lakesmith_runs",
    "lakesmith_steps",
    "lakesmith_loads",
    "lakesmith_checks",
    "lakesmith_drift",
    "lakesmith_errors",
    "lakesmith_costs",
    "lakesmith_judgements",
    "lakesmith_incidents",
]


class TelemetryOptions(BaseModel):
    """Settings of a source of `type: lakesmith`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str | None = Field(
        default=None,
        min_length=1,
        description="The database of the record of runs, as a reference: `postgresql://…`; that of this project (`monitor.store`) when left out.",
    )


class TelemetryStreamOptions(BaseModel):
    """Settings of one table of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: TableName | None = Field(default=None, description="The table; the stream's name when left out.")
    batch_rows: int = Field(default=20_000, ge=1, description="How many rows are read at a time.")
