"""What a load was built on, which generation it made, and how: by a load, a swap or a rollback."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; what was recorded before does not know them."""
    with op.batch_alter_table("table_load") as table:
        table.add_column(sa.Column("base_snapshot_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("generation", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("kind", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("table_load") as table:
        for name in ("base_snapshot_id", "generation", "kind"):
            table.drop_column(name)
