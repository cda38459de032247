"""What the platform says of itself: who is alive, which starts were due, what people did, and seals on what was recorded."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from lakesmith.monitor.tables.base import Name, Prose, metadata

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("component", Name(128), primary_key=True),
    Column("seen_at", Name(32), nullable=False),
    Column("started_at", Name(32), nullable=False),
    Column("detail", Prose, nullable=False),
    Column("version", Name(32), nullable=False),
    Column("host", Name(128), nullable=False),
    Column("pid", Integer, nullable=False),
)

tick = Table(
    "tick",
    metadata,
    Column("target", Name(128), primary_key=True),
    Column("pipeline", Name(128), primary_key=True),
    Column("nominal_at", Name(32), primary_key=True),
    Column("state", Name(16), nullable=False),
    Column("decided_at", Name(32), nullable=False),
    Column("run_id", Name(36)),
    Column("reason", Prose, nullable=False),
)

user_action = Table(
    "user_action",
    metadata,
    Column("action_id", Integer, primary_key=True, autoincrement=True),
    Column("at", Name(32), nullable=False),
    Column("actor", Name(128), nullable=False),
    Column("via", Name(16), nullable=False),
    Column("verb", Name(64), nullable=False),
    Column("target", Prose, nullable=False),
    Column("outcome", Name(16), nullable=False),
    Column("detail", Prose, nullable=False),
    Column("run_id", Name(36)),
    Index("user_action_at", "at"),
)

seal = Table(
    "seal",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("run_id", Name(36), nullable=False, unique=True),
    Column("sealed_at", Name(32), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("digest", Name(64), nullable=False),
    Column("chain", Name(64), nullable=False),
)
