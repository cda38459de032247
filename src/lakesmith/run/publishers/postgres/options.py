"""The settings of a publication into PostgreSQL."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lakesmith.engines.postgres.options import DatabaseUrl
from lakesmith.project.settings import Columns, Text

NAME = "{name}"


class PostgresPublisherOptions(BaseModel):
    """Which table of which database gets a data set, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: DatabaseUrl = Field(
        repr=False,
        description="The database, as a reference: `postgresql://user:password@host:5432/database?sslmode=require`.",
    )
    schema_: Text = Field(default="public", alias="schema", description="The schema of the table; it has to be there.")
    table: Text = Field(default=NAME, description="The table's name; `{name}` stands for the data set's.")
    mode: Literal["replace", "upsert"] = Field(
        default="replace",
        description="`replace`: the table becomes the data set. `upsert`: rows of known keys are updated, others added.",
    )
    key: Columns | None = Field(
        default=None,
        description="The column, or columns, that tell rows apart; needed for `upsert`, the primary key with `replace`.",
    )
    delete_missing: bool = Field(
        default=False, description="`upsert`: whether rows whose key the data set does not have are deleted."
    )
    indexes: tuple[Columns, ...] = Field(
        default=(), description="Columns that get an index, each a name or a list of names; for tables that this makes."
    )
    readers: tuple[Text, ...] = Field(
        default=(), description="Roles that may read the table; rights given by others are kept as well."
    )
    connect_timeout_s: int = Field(default=10, ge=2, le=600, description="Seconds to wait for a connection.")
    lock_timeout_s: int = Field(
        default=10, ge=1, le=3600, description="Seconds to wait for somebody who holds the table."
    )

    @field_validator("table")
    @classmethod
    def _check_table(cls, text: str) -> str:
        if set("{}") & set(text.replace(NAME, "")):
            raise ValueError("may hold no other placeholder than {name}")
        return text

    @model_validator(mode="after")
    def _check_mode(self) -> PostgresPublisherOptions:
        if self.mode == "upsert" and self.key is None:
            raise ValueError("needs a `key` with `mode: upsert`")
        if self.mode == "replace" and self.delete_missing:
            raise ValueError("takes `delete_missing` with `mode: upsert` alone: `replace` keeps no row")
        return self
