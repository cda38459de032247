"""What a source had to say besides its records, with the load that heard it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; what was recorded before does not know it."""
    with op.batch_alter_table("table_load") as table:
        table.add_column(sa.Column("notices", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("table_load") as table:
        table.drop_column("notices")
