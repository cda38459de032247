"""What can be said about a PostgreSQL server and its tables in the project file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from lakesmith.host.processors import processors
from lakesmith.project.times import check_look_back, parse_duration

FEWEST, MOST = 2, 4
"""How many connections read a table where nothing is said."""

SSL_MODES = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class TunnelOptions(BaseModel):
    """An SSH server that the database is reached through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ssh: str = Field(min_length=1, description="The SSH server: `user@host` or `user@host:port`.")
    key: str | None = Field(
        default=None,
        min_length=1,
        description="The file of the private key; what `ssh` itself would use when left out.",
    )
    known_hosts: str | None = Field(
        default=None, min_length=1, description="The file of known servers; `~/.ssh/known_hosts` when left out."
    )


class PostgresOptions(BaseModel):
    """Settings of a source of `type: postgres`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr | None = Field(
        default=None,
        description="The address of the database, `postgresql://user:password@host:port/database?sslmode=…`; the keys below win over its parts.",
    )
    host: str | None = Field(default=None, min_length=1, description="The server, in the place of the one in `url`.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Its port; 5432 when left out.")
    database: str | None = Field(default=None, min_length=1, description="The database.")
    user: str | None = Field(default=None, min_length=1, description="The user.")
    password: SecretStr | None = Field(default=None, description="The password.")
    sslmode: SSL_MODES | None = Field(
        default=None, description="How the connection is encrypted, by libpq's words; `prefer` when left out."
    )
    replica: SecretStr | None = Field(
        default=None,
        description="The address of a standby that tables are read from, in the place of the server itself.",
    )
    tunnel: TunnelOptions | None = Field(default=None, description="An SSH server to go through.")
    schema_: str = Field(
        default="public", alias="schema", min_length=1, description="The schema of tables that are named without one."
    )
    include: str | tuple[str, ...] = Field(
        default=(),
        description="Patterns of tables (`*`, `sales.*`) that are loaded although no stream names them, also those that come later; `check` lists them with their sizes.",
    )
    exclude: str | tuple[str, ...] = Field(default=(), description="Patterns of tables that are left out of these.")
    connections: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="How many connections read a table at the same time; as many as this machine has processors, 2 to 4, when left out.",
    )
    snapshot_max_age_min: float = Field(
        default=60,
        gt=0,
        description="After how many minutes a load stops reading: as long as it keeps the server's snapshot, the server cannot clean up.",
    )
    connect_timeout_s: int = Field(default=15, ge=1, description="How many seconds connecting may take.")
    statement_timeout_s: int | None = Field(
        default=None, ge=1, description="How many seconds one statement may take; no limit when left out."
    )
    split_kb: int = Field(
        default=65_536,
        ge=8,
        description="How large the parts are that a table is read in at most, in KB of its own pages; smaller where that gives each connection several.",
    )
    batch_kb: int = Field(
        default=4_096, ge=1, le=65_536, description="How many KB of rows are kept in memory at a time."
    )

    @property
    def lanes(self) -> int:
        """How many connections read a table at the same time."""
        return self.connections or processors(MOST, fewest=FEWEST)

    @field_validator("include", "exclude")
    @classmethod
    def _listed(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else value


class PostgresStreamOptions(BaseModel):
    """Settings of one table or view."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str | None = Field(
        default=None,
        min_length=1,
        description='The table or view, `table` or `schema.table`, with "quotes" around a name that has a dot; the stream\'s name when left out.',
    )
    cursor: str | None = Field(
        default=None,
        min_length=1,
        description="A column that grows with every row that is new or changed. Modes append and dedupe read the rows above its last value.",
    )
    look_back: Annotated[str | int | float, AfterValidator(check_look_back)] | None = Field(
        default=None,
        description="How far before the last value each load looks for rows that came late: `10m` for times, a number for numbers.",
    )
    filter: str | None = Field(
        default=None,
        min_length=1,
        description="An SQL condition that the server applies: rows it is not true for are not read.",
    )
    select: tuple[str, ...] = Field(default=(), description="The columns to read; all when left out.")
    exclude: tuple[str, ...] = Field(default=(), description="Columns that are not read.")
    split_by: str | None = Field(
        default=None,
        min_length=1,
        description="A column of numbers or times by whose values a view or a foreign table is read in parts, side by side.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> PostgresStreamOptions:
        if self.select and self.exclude:
            raise ValueError("`select` and `exclude` say the same thing in two ways: keep one of them")
        if self.look_back is not None and self.cursor is None:
            raise ValueError("`look_back` needs a `cursor`")
        return self

    @property
    def look_back_time(self) -> timedelta | None:
        """How far to look back, where it is a span of time."""
        return parse_duration(self.look_back) if isinstance(self.look_back, str) else None


def plain(secret: SecretStr | None) -> str | None:
    """Return what a secret hides, None for none."""
    return secret.get_secret_value() if secret is not None else None
