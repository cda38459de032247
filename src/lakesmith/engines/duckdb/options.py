"""The settings of a target that runs on DuckDB."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DuckDBOptions(BaseModel):
    """How much of the machine DuckDB may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int | None = Field(
        default=None, ge=1, le=1024, description="How many threads one statement may use; all cores when left out."
    )
    memory_limit: str | None = Field(
        default=None,
        pattern=r"^\s*\d+(\.\d+)?\s*([kKmMgGtT]i?[bB]|%)\s*$",
        description="The most memory DuckDB takes before it spills to disk, such as `4GB` or `60%`; 80% when left out.",
    )
