"""What a store's tables look like, to compare two stores."""

from __future__ import annotations

from sqlalchemy import inspect


def columns_of(engine):
    """Columns, keys and indexes of every table."""
    found = inspect(engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)],
            found.get_pk_constraint(table)["constrained_columns"],
            sorted((key["constrained_columns"], key["referred_table"]) for key in found.get_foreign_keys(table)),
            sorted((index["name"], index["column_names"]) for index in found.get_indexes(table)),
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }
