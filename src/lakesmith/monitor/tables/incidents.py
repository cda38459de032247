"""What needs a person: incidents, what they touch, and the messages that were sent about them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table

from lakesmith.monitor.tables.base import Name, Prose, metadata

incident = Table(
    "incident",
    metadata,
    Column("incident_id", Name(36), primary_key=True),
    Column("target", Name(128), nullable=False),
    Column("cause", Name(64), nullable=False),
    Column("rule", Name(32), nullable=False),
    Column("subject", Name(256), nullable=False),
    Column("title", Prose, nullable=False),
    Column("severity", Name(16), nullable=False),
    Column("state", Name(16), nullable=False),
    Column("owner", Name(128), nullable=False),
    Column("opened_at", Name(32), nullable=False),
    Column("last_seen_at", Name(32), nullable=False),
    Column("occurrences", BigInteger, nullable=False),
    Column("acknowledged_at", Name(32)),
    Column("acknowledged_by", Name(128)),
    Column("resolved_at", Name(32)),
    Column("resolved_by", Name(128)),
    Column("resolution", Name(32)),
    Column("note", Prose, nullable=False),
    Column("first_run_id", Name(36)),
    Column("last_run_id", Name(36)),
    Column("last_good_run_id", Name(36)),
    Column("data_safe", Name(32), nullable=False),
    Column("is_downstream_known", Boolean, nullable=False),
    Column("facts", Prose, nullable=False),
    Index("incident_state", "state", "opened_at"),
    Index("incident_cause", "cause", "opened_at"),
)

incident_subject = Table(
    "incident_subject",
    metadata,
    Column("incident_id", ForeignKey("incident.incident_id"), primary_key=True),
    Column("subject", Name(256), primary_key=True),
    Column("role", Name(16), primary_key=True),
    Column("rule", Name(32), nullable=False),
    Column("since", Name(32), nullable=False),
    Column("until", Name(32)),
    Index("incident_subject_subject", "subject"),
)

incident_event = Table(
    "incident_event",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.incident_id"), nullable=False, index=True),
    Column("at", Name(32), nullable=False),
    Column("kind", Name(32), nullable=False),
    Column("actor", Name(128), nullable=False),
    Column("detail", Prose, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Name(36), primary_key=True),
    Column("incident_id", Name(36), index=True),
    Column("group_key", Name(256), nullable=False),
    Column("route", Name(128), nullable=False),
    Column("channel", Name(128), nullable=False),
    Column("kind", Name(16), nullable=False),
    Column("state", Name(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Name(32), nullable=False),
    Column("next_try_at", Name(32)),
    Column("sent_at", Name(32)),
    Column("fault", Prose, nullable=False),
    Column("suppressed_by", Name(128), nullable=False),
    Column("body", Prose, nullable=False),
    Index("delivery_waiting", "state", "next_try_at"),
    Index("delivery_group", "group_key", "queued_at"),
)

mute = Table(
    "mute",
    metadata,
    Column("mute_id", Name(36), primary_key=True),
    Column("matches", Prose, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("actor", Name(128), nullable=False),
    Column("created_at", Name(32), nullable=False),
    Column("until", Name(32), nullable=False),
    Column("ended_at", Name(32)),
)
