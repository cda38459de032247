"""What can be said about tables that others load."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lakesmith.project.times import check_time, parse_duration

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
TimeOfDay = Annotated[str, AfterValidator(check_time)]
ToolName = Literal["airbyte", "fivetran", "dlt", "stitch", "meltano", "other"]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class PromiseOptions(BaseModel):
    """When a table has to be fresh, and what tells it; of a source, for all its tables, or of one stream."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh_by: TimeOfDay | None = Field(
        default=None,
        description="The time of day, in the schedule's time zone, by which the other tool has loaded the day's rows: `17:30`.",
    )
    fresh_since: TimeOfDay = Field(
        default="00:00",
        description="From when on a load counts for the next `fresh_by`; a time after it is one of the evening before, such as `22:00`.",
    )
    max_age: Duration | None = Field(
        default=None, description="How old the newest load may be at most: `26h`. Instead of `fresh_by`, or beside it."
    )
    loaded_at: str | None = Field(
        default=None,
        min_length=1,
        description="The column that says when a row was loaded; the tool's own when left out. Times without a zone are UTC.",
    )

    @model_validator(mode="after")
    def _needs_its_end(self) -> PromiseOptions:
        if "fresh_since" in self.model_fields_set and self.fresh_by is None:
            raise ValueError("`fresh_since` goes with a `fresh_by`")
        return self


class ExistingOptions(PromiseOptions):
    """Settings of a source of `type: existing`."""

    schema_: str | None = Field(
        default=None,
        alias="schema",
        min_length=1,
        description="The schema of the tables in the target's database; the source's name when left out.",
    )
    folder: str | None = Field(
        default=None,
        min_length=1,
        description="For targets on DuckDB: the folder in which each table is a Parquet file, or a folder of Parquet files.",
    )
    loaded_by: ToolName = Field(
        default="other",
        description="Who loads the tables: how freshness is told, and which columns are its bookkeeping.",
    )
    wait: Duration | None = Field(
        default=None,
        description=(
            "How long a run waits at most: for a `fresh_by` that is so near, `30m` when left out; for a table older than its "
            "`max_age`, only when given."
        ),
    )
    look_every: Duration = Field(default=timedelta(seconds=30), description="How often a run looks while it waits.")


class ExistingStreamOptions(PromiseOptions):
    """Settings of one table; a promise of its own stands in the place of the source's."""

    table: str | None = Field(
        default=None, min_length=1, description="The table's name in the database; the stream's when left out."
    )
    newest_by: Names = Field(
        default=(),
        description="Columns by which the newest row of a `key` is told, before the tool's own: `updated_at`.",
    )
    may_be_empty: bool = Field(default=False, description="Whether a table without rows is nothing unusual.")
