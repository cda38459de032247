"""Data sets back into a PostgreSQL that other programs work with."""

from __future__ import annotations

from lakesmith.run.publishers.postgres.publisher import PostgresPublisher

__all__ = ["PostgresPublisher"]
