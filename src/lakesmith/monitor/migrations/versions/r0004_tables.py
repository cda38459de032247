"""What was seen of tables that others load: nothing of them is loaded, so it has a table of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "table_seen",
        sa.Column("seen_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(36), sa.ForeignKey("run.run_id"), nullable=False, index=True),
        sa.Column("stream", sa.String(256), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("row_count", sa.BigInteger),
        sa.Column("loaded_at", sa.String(32)),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_index("table_seen_stream", "table_seen", ["stream", "seen_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("table_seen")
