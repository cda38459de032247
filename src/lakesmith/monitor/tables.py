"""The tables of the run store. Times are UTC text in ISO 8601 with microseconds, so that every engine sorts them alike."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("run_id", String(36), primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Column("lease_until", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("project", String(128), nullable=False),
    Column("target", String(128), nullable=False),
    Column("command", String(128), nullable=False),
    Column("selection", Text, nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("version", String(32), nullable=False),
    Column("config_hash", String(64), nullable=False),
    Column("host", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
)

run_step = Table(
    "run_step",
    metadata,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("step", String(256), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Column("state", String(16), nullable=False),
    Column("seconds", Float),
    Column("message", Text, nullable=False, default=""),
    Column("facts", Text, nullable=False, default="{}"),
)

table_load = Table(
    "table_load",
    metadata,
    Column("load_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("run.run_id"), nullable=False, index=True),
    Column("stream", String(256), nullable=False),
    Column("finished_at", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_written", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    Column("rows_filtered", BigInteger, nullable=False),
    Column("rows_derived", BigInteger, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("splits", Integer, nullable=False),
    Column("files", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("ordinal", BigInteger),
    Column("batch_id", String(128)),
    Column("snapshot_id", BigInteger),
    Column("committed_at", String(32)),
    Column("resumed", Boolean, nullable=False),
    Column("phases_s", Text, nullable=False),
    Column("reject_reasons", Text, nullable=False),
    Column("filter_reasons", Text, nullable=False),
    Column("base_snapshot_id", BigInteger),
    Column("generation", BigInteger),
    Column("kind", String(16)),
    Column("notices", Text),
    Index("table_load_stream", "stream", "finished_at"),
)

table_seen = Table(
    "table_seen",
    metadata,
    Column("seen_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("run.run_id"), nullable=False, index=True),
    Column("stream", String(256), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("row_count", BigInteger),
    Column("loaded_at", String(32)),
    Column("fault", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index("table_seen_stream", "stream", "seen_at"),
)

drift = Table(
    "drift",
    metadata,
    Column("drift_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("run.run_id"), nullable=False, index=True),
    Column("stream", String(256), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("column_name", String(256), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("policy", String(16), nullable=False),
    Column("outcome", String(32), nullable=False),
)

model_result = Table(
    "model_result",
    metadata,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("model", String(256), primary_key=True),
    Column("finished_at", String(32), nullable=False),
    Column("relation", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("row_count", BigInteger),
    Column("message", Text, nullable=False),
)

check_result = Table(
    "check_result",
    metadata,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("check_id", String(512), primary_key=True),
    Column("finished_at", String(32), nullable=False),
    Column("relation", String(256), nullable=False),
    Column("column_name", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("message", Text, nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("publisher", String(128), primary_key=True),
    Column("dataset", String(256), primary_key=True),
    Column("finished_at", String(32), nullable=False),
    Column("path", Text, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
)

error_event = Table(
    "error_event",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("run.run_id"), nullable=False, index=True),
    Column("step", String(256), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("remedy", String(32), nullable=False),
    Column("what", Text, nullable=False),
    Column("at_place", Text, nullable=False),
    Column("fix", Text, nullable=False),
)
