"""The settings of a target that runs on PostgreSQL."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def check_url(text: str) -> str:
    """Return the address of a database if it names server, user and database.

    Raises:
        ValueError: If it does not.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
        whole = bool(parts.hostname and parts.username and parts.path.strip("/"))
    except ValueError:
        whole = False
    if not whole or parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("should be postgresql://user:password@host:port/database")
    return text


DatabaseUrl = Annotated[str, AfterValidator(check_url)]
"""The address of a PostgreSQL database."""


class PostgresOptions(BaseModel):
    """The database that the target builds and publishes in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: DatabaseUrl = Field(
        repr=False,
        description="The database, as a reference: `postgresql://user:password@host:5432/database?sslmode=require`.",
    )
    threads: int = Field(default=4, ge=1, le=64, description="How many models dbt builds at the same time.")
    connect_timeout_s: int = Field(default=10, ge=2, le=600, description="Seconds to wait for a connection.")
    lock_timeout_s: int = Field(
        default=60, ge=1, le=3600, description="Seconds to wait for somebody who holds a table of bronze."
    )
