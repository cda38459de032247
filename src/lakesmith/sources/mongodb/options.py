"""What can be said about a MongoDB server and its collections in the project file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from lakesmith.host.processors import processors
from lakesmith.project.times import check_look_back, parse_duration

READ_PREFERENCES = Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"]
FEWEST, MOST = 2, 8


class MongoOptions(BaseModel):
    """Settings of a source of `type: mongodb`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr = Field(
        description="The address, `mongodb://user:password@host:27017/database?tls=true` or `mongodb+srv://…`; encryption and login are said behind its ?.",
    )
    database: str | None = Field(
        default=None, min_length=1, description="The database, in the place of the one in `url`."
    )
    read_preference: READ_PREFERENCES = Field(
        default="primary", description="Which members of a replica set are read, by MongoDB's words."
    )
    include: str | tuple[str, ...] = Field(
        default=(),
        description="Patterns of collections (`*`, `shop_*`) that are loaded although no stream names them, also those that come later; `check` lists them with their sizes.",
    )
    exclude: str | tuple[str, ...] = Field(
        default=(), description="Patterns of collections that are left out of these."
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="How many processes read and decode a collection at the same time; as many as there are processors when left out, at least 2, at most 8.",
    )
    max_fields: int = Field(
        default=500,
        ge=1,
        le=10_000,
        description="How many fields of a document become columns; all further ones stand in one column of JSON.",
    )
    connect_timeout_s: int = Field(
        default=15, ge=1, description="How many seconds finding and reaching a server may take."
    )
    split_kb: int = Field(
        default=262_144, ge=1, description="How large the parts are that a collection is read in, in KB of documents."
    )
    batch_kb: int = Field(default=4_096, ge=1, le=16_384, description="How many KB of documents are decoded at a time.")

    @field_validator("include", "exclude")
    @classmethod
    def _listed(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else value

    @property
    def lanes(self) -> int:
        """How many processes read."""
        return self.workers or processors(MOST, fewest=FEWEST)


class MongoStreamOptions(BaseModel):
    """Settings of one collection or view."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collection: str | None = Field(
        default=None, min_length=1, description="The collection or view; the stream's name when left out."
    )
    filter: dict[str, Any] | None = Field(
        default=None,
        description="A MongoDB filter that the server applies: `{status: {$ne: draft}}`; types are written as in extended JSON, `{$date: …}`, `{$oid: …}`.",
    )
    fields: tuple[str, ...] = Field(
        default=(),
        description="The fields to read, `address.city` for a part of one; all when left out. `_id` is always read.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Fields that are not read, `address.city` for a part of one."
    )
    cursor: str | None = Field(
        default=None,
        min_length=1,
        description="A field that grows with every document that is new or changed, `meta.changed` for a part of one. Modes append and dedupe read the documents above its last value.",
    )
    look_back: Annotated[str | int | float, AfterValidator(check_look_back)] | None = Field(
        default=None,
        description="How far before the last value each load looks for documents that came late: `10m` for times, a number for numbers.",
    )
    max_fields: int | None = Field(
        default=None, ge=1, le=10_000, description="The same as of the source, for this collection."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> MongoStreamOptions:
        if self.fields and self.exclude:
            raise ValueError("`fields` and `exclude` say the same thing in two ways: keep one of them")
        if self.look_back is not None and self.cursor is None:
            raise ValueError("`look_back` needs a `cursor`")
        if "_id" in self.exclude:
            raise ValueError("`exclude` cannot leave out `_id`, which tells documents apart")
        for one in self.exclude:
            if self.cursor is not None and f"{self.cursor}.".startswith(f"{one}."):
                raise ValueError("`exclude` leaves out the `cursor`")
        return self

    @property
    def look_back_time(self) -> timedelta | None:
        """How far to look back, where it is a span of time."""
        return parse_duration(self.look_back) if isinstance(self.look_back, str) else None

    @property
    def projection(self) -> dict[str, int] | None:
        """Which fields the server sends, as MongoDB says it; None for all."""
        if self.exclude:
            return dict.fromkeys(self.exclude, 0)
        if not self.fields:
            return None
        above = any(self.cursor is not None and f"{self.cursor}.".startswith(f"{one}.") for one in self.fields)
        cursor = () if self.cursor is None or above else (self.cursor,)
        below = [one for one in self.fields if not (cursor and one.startswith(f"{cursor[0]}."))]
        return dict.fromkeys(("_id", *below, *cursor), 1)
