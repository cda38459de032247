"""What was thought of the facts: one row for each rule that looked at a table or a column, at a time."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, Table

from lakesmith.monitor.tables.base import Name, Prose, metadata

judgement = Table(
    "judgement",
    metadata,
    Column("judgement_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Name(36), index=True),
    Column("target", Name(128), nullable=False),
    Column("subject", Name(256), nullable=False),
    Column("column_name", Name(256), nullable=False),
    Column("rule", Name(32), nullable=False),
    Column("bucket", Name(32), nullable=False),
    Column("judged_at", Name(32), nullable=False),
    Column("verdict", Name(16), nullable=False),
    Column("value", Float),
    Column("expected", Float),
    Column("lower", Float),
    Column("upper", Float),
    Column("score", Float),
    Column("trained_on", Integer, nullable=False),
    Column("reason", Prose, nullable=False),
    Index("judgement_subject", "subject", "rule", "judged_at"),
    Index("judgement_judged", "judged_at"),
)
