"""What a query finds, as plain values."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select


def rows_of(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the rows that a query finds, each by the names of its columns."""
    return [dict(row) for row in connection.execute(query).mappings()]
