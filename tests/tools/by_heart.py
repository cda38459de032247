"""What libraries work out at each use from texts that never change: how an empty run store gets its tables, and what S3 is told.

Both are worked out in earnest once in each process, and used again from then on.
"""

from __future__ import annotations

import functools


def learn_migrations() -> None:
    """Let alembic migrate one empty SQLite store, and make the others with the statements that rebuild it."""
    from alembic import command

    upgrade = command.upgrade
    known: list[str] = []

    @functools.wraps(upgrade)
    def remembered(config, revision):
        connection = config.attributes["connection"]
        is_empty = connection.dialect.name == "sqlite" and not holds_anything(connection)
        if not is_empty:
            upgrade(config, revision)
        elif known:
            for statement in known:
                connection.exec_driver_sql(statement)
        else:
            upgrade(config, revision)
            known.extend(list(connection.connection.driver_connection.iterdump())[1:-1])  # without begin and commit

    command.upgrade = remembered


def holds_anything(connection) -> bool:
    return connection.exec_driver_sql("select 1 from sqlite_master").first() is not None


def learn_services() -> None:
    """Let botocore read each of its descriptions of a service once."""
    from botocore.loaders import JSONFileLoader

    load = JSONFileLoader.load_file
    known = {}

    @functools.wraps(load)
    def remembered(self, file_path):
        if file_path not in known:
            known[file_path] = load(self, file_path)
        return known[file_path]

    JSONFileLoader.load_file = remembered
