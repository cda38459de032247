"""What the monitor needs: more about runs and loads, judgements, incidents, deliveries, and what the platform says of itself."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ADDED = {
    "error_event": (
        sa.Column("error_class", sa.String(length=32), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=True),
        sa.Column("retryable", sa.Boolean(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
    ),
    "run": (
        sa.Column("pipeline", sa.String(length=128), nullable=True),
        sa.Column("trigger_detail", sa.Text(), nullable=True),
        sa.Column("nominal_at", sa.String(length=32), nullable=True),
        sa.Column("requested_by", sa.String(length=128), nullable=True),
        sa.Column("code_version", sa.String(length=64), nullable=True),
        sa.Column("code_dirty", sa.Boolean(), nullable=True),
        sa.Column("versions", sa.Text(), nullable=True),
        sa.Column("boot_id", sa.String(length=64), nullable=True),
        sa.Column("cpu_s", sa.Float(), nullable=True),
        sa.Column("peak_rss_bytes", sa.BigInteger(), nullable=True),
        sa.Column("recorded", sa.Integer(), nullable=True),
    ),
    "run_step": (
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("cpu_s", sa.Float(), nullable=True),
        sa.Column("peak_rss_bytes", sa.BigInteger(), nullable=True),
    ),
    "table_load": (
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("started_at", sa.String(length=32), nullable=True),
        sa.Column("cursor_column", sa.String(length=256), nullable=True),
        sa.Column("cursor_from", sa.Text(), nullable=True),
        sa.Column("cursor_to", sa.Text(), nullable=True),
        sa.Column("rows_by_op", sa.Text(), nullable=True),
        sa.Column("bytes_read", sa.BigInteger(), nullable=True),
        sa.Column("requests", sa.BigInteger(), nullable=True),
        sa.Column("retries", sa.BigInteger(), nullable=True),
        sa.Column("throttled_s", sa.Float(), nullable=True),
        sa.Column("cpu_s", sa.Float(), nullable=True),
        sa.Column("peak_rss_bytes", sa.BigInteger(), nullable=True),
        sa.Column("schema_hash", sa.String(length=64), nullable=True),
        sa.Column("rows_before", sa.BigInteger(), nullable=True),
        sa.Column("rows_after", sa.BigInteger(), nullable=True),
        sa.Column("newest_event_at", sa.String(length=32), nullable=True),
    ),
}
MADE = (
    "delivery",
    "heartbeat",
    "incident",
    "judgement",
    "mute",
    "seal",
    "tick",
    "user_action",
    "column_profile",
    "cost",
    "incident_event",
    "incident_subject",
    "schema_version",
)


def upgrade() -> None:
    """Add columns, make tables and what finds their rows fast."""
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    _make_delivery()
    _make_heartbeat()
    _make_incident()
    _make_judgement()
    _make_mute()
    _make_seal()
    _make_tick()
    _make_user_action()
    _make_column_profile()
    _make_cost()
    _make_incident_event()
    _make_incident_subject()
    _make_schema_version()
    op.create_index("check_result_newest", "check_result", ["check_id", "finished_at"], unique=False)
    op.create_index("drift_stream", "drift", ["stream", "seen_at"], unique=False)
    op.create_index("error_event_fingerprint", "error_event", ["fingerprint", "seen_at"], unique=False)
    op.create_index("run_started", "run", ["started_at"], unique=False)
    op.create_index("run_state", "run", ["state", "target"], unique=False)
    op.create_index("table_load_finished", "table_load", ["finished_at"], unique=False)
    for name, some in (
        ("table_load_quarantined", "rows_quarantined > 0"),
        ("table_load_filtered", "rows_filtered > 0"),
    ):
        few = sa.text(some)
        op.create_index(name, "table_load", ["finished_at"], unique=False, sqlite_where=few, postgresql_where=few)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("check_result_newest", "check_result")
    op.drop_index("drift_stream", "drift")
    op.drop_index("error_event_fingerprint", "error_event")
    op.drop_index("run_started", "run")
    op.drop_index("run_state", "run")
    op.drop_index("table_load_finished", "table_load")
    op.drop_index("table_load_quarantined", "table_load")
    op.drop_index("table_load_filtered", "table_load")
    for table in reversed(MADE):
        op.drop_table(table)
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)


def _make_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=True),
        sa.Column("group_key", sa.String(length=256), nullable=False),
        sa.Column("route", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.String(length=32), nullable=False),
        sa.Column("next_try_at", sa.String(length=32), nullable=True),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("suppressed_by", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_index("delivery_group", "delivery", ["group_key", "queued_at"], unique=False)
    op.create_index("delivery_waiting", "delivery", ["state", "next_try_at"], unique=False)
    op.create_index(op.f("ix_delivery_incident_id"), "delivery", ["incident_id"], unique=False)


def _make_heartbeat() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("component", sa.String(length=128), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("component"),
    )


def _make_incident() -> None:
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("last_seen_at", sa.String(length=32), nullable=False),
        sa.Column("occurrences", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.String(length=32), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=128), nullable=True),
        sa.Column("resolved_at", sa.String(length=32), nullable=True),
        sa.Column("resolved_by", sa.String(length=128), nullable=True),
        sa.Column("resolution", sa.String(length=32), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("first_run_id", sa.String(length=36), nullable=True),
        sa.Column("last_run_id", sa.String(length=36), nullable=True),
        sa.Column("last_good_run_id", sa.String(length=36), nullable=True),
        sa.Column("data_safe", sa.String(length=32), nullable=False),
        sa.Column("is_downstream_known", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id"),
    )
    op.create_index("incident_cause", "incident", ["cause", "opened_at"], unique=False)
    op.create_index("incident_state", "incident", ["state", "opened_at"], unique=False)


def _make_judgement() -> None:
    op.create_table(
        "judgement",
        sa.Column("judgement_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=True),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("column_name", sa.String(length=256), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("bucket", sa.String(length=32), nullable=False),
        sa.Column("judged_at", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("lower", sa.Float(), nullable=True),
        sa.Column("upper", sa.Float(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("trained_on", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("judgement_id"),
    )
    op.create_index(op.f("ix_judgement_run_id"), "judgement", ["run_id"], unique=False)
    op.create_index("judgement_judged", "judgement", ["judged_at"], unique=False)
    op.create_index("judgement_subject", "judgement", ["subject", "rule", "judged_at"], unique=False)


def _make_mute() -> None:
    op.create_table(
        "mute",
        sa.Column("mute_id", sa.String(length=36), nullable=False),
        sa.Column("matches", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("mute_id"),
    )


def _make_seal() -> None:
    op.create_table(
        "seal",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("sealed_at", sa.String(length=32), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("run_id"),
    )


def _make_tick() -> None:
    op.create_table(
        "tick",
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("pipeline", sa.String(length=128), nullable=False),
        sa.Column("nominal_at", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target", "pipeline", "nominal_at"),
    )


def _make_user_action() -> None:
    op.create_table(
        "user_action",
        sa.Column("action_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("action_id"),
    )
    op.create_index("user_action_at", "user_action", ["at"], unique=False)


def _make_column_profile() -> None:
    op.create_table(
        "column_profile",
        sa.Column("profile_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("stream", sa.String(length=256), nullable=False),
        sa.Column("column_name", sa.String(length=256), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("null_count", sa.BigInteger(), nullable=True),
        sa.Column("distinct_count", sa.BigInteger(), nullable=True),
        sa.Column("lowest", sa.Float(), nullable=True),
        sa.Column("highest", sa.Float(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"]),
        sa.PrimaryKeyConstraint("profile_id"),
    )
    op.create_index("column_profile_column", "column_profile", ["stream", "column_name", "seen_at"], unique=False)
    op.create_index(op.f("ix_column_profile_run_id"), "column_profile", ["run_id"], unique=False)


def _make_cost() -> None:
    op.create_table(
        "cost",
        sa.Column("cost_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("step", sa.String(length=256), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("resource", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("price", sa.Float(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("query_id", sa.String(length=128), nullable=True),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"]),
        sa.PrimaryKeyConstraint("cost_id"),
    )
    op.create_index("cost_subject", "cost", ["subject", "seen_at"], unique=False)
    op.create_index(op.f("ix_cost_run_id"), "cost", ["run_id"], unique=False)


def _make_incident_event() -> None:
    op.create_table(
        "incident_event",
        sa.Column("event_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.incident_id"]),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(op.f("ix_incident_event_incident_id"), "incident_event", ["incident_id"], unique=False)


def _make_incident_subject() -> None:
    op.create_table(
        "incident_subject",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.incident_id"]),
        sa.PrimaryKeyConstraint("incident_id", "subject", "role"),
    )
    op.create_index("incident_subject_subject", "incident_subject", ["subject"], unique=False)


def _make_schema_version() -> None:
    op.create_table(
        "schema_version",
        sa.Column("stream", sa.String(length=256), nullable=False),
        sa.Column("schema_hash", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "schema_hash"),
    )
