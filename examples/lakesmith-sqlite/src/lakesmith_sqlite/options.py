"""What can be said about a SQLite file and its tables in the project file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SqliteOptions(BaseModel):
    """Settings of a source of `type: sqlite`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(min_length=1, description="The database file. A relative path starts from the project folder.")


class SqliteStreamOptions(BaseModel):
    """Settings of one table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str | None = Field(default=None, description="The table; the stream's name when left out.")
    cursor: str = Field(
        default="rowid",
        min_length=1,
        description="An integer column that grows with every new row and is unique. New rows are those above its last value.",
    )
    batch_rows: int = Field(default=20_000, ge=1, description="How many rows are read at a time.")
