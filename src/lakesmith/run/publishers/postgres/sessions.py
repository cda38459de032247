"""Sessions with the database that is published into, and its complaints without any row's value."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres import connect
from lakesmith.engines.postgres.address import Address
from lakesmith.errors import (
    LakesmithError,
    PublishError,
    RetriableError,
    RunInProgressError,
    StorageFullError,
    StorageUnavailableError,
)

if TYPE_CHECKING:
    import psycopg

APPLICATION = "lakesmith publish"
OLDEST = 120000
COLUMN = re.compile(r"^COPY .+?, line \d+, column ([^:\n]+)", re.MULTILINE)

TRY_AGAIN: dict[str, tuple[type[LakesmithError], str, str]] = {
    "53100": (StorageFullError, "The disk of the database is full; nothing became visible.", "free some space there"),
    "53300": (StorageUnavailableError, "The database has no connection left.", "wait and run again"),
    "55P03": (RunInProgressError, "Somebody holds the table.", "run again when it is free, or raise `lock_timeout_s`"),
    "40P01": (RetriableError, "Two sessions waited for each other.", "run again"),
    "40001": (RetriableError, "Somebody else changed the same rows at the same time.", "run again"),
    "57014": (RetriableError, "The server cancelled the statement.", "raise its statement_timeout for this user"),
}
REFUSED: dict[str, tuple[str, str]] = {
    "22": ("PostgreSQL cannot hold a value{column}.", "cast or clean the column in the model: text cannot hold U+0000"),
    "23502": ("The column{column} may not be null there.", "test the column in the model, or allow nulls in the table"),
    "23503": (
        "A foreign key ({constraint}) forbids it.",
        "publish what it refers to first, or use `mode: upsert` where other tables refer to this one",
    ),
    "23": ("A rule of the table ({constraint}) forbids it.", "test the same rule in the model, or drop it there"),
    "28": ("The database refuses the user or the password.", "correct the `url:` of this publish entry"),
    "3D000": ("There is no such database.", "create it, or correct the `url:` of this publish entry"),
    "3F000": ("There is no such schema.", "create it, or correct the `schema:` of this publish entry"),
    "42501": (
        "The user may not do this.",
        "the user needs `create` and `usage` on the schema, and has to own the table",
    ),
    "55000": (
        "The table cannot be changed in its state: it may be replicated without a primary key.",
        "give this publish entry a `key:`, or the table a replica identity",
    ),
    "42703": (
        "A column is missing.",
        "correct `key:` and `indexes:`; an index of the table may need a column that is gone",
    ),
    "42704": ("A role or a type is missing.", "correct `readers:` of this publish entry"),
}
WORDS = {"authentication failed": "28P01", "no password supplied": "28P01", "does not exist": "3D000"}
"""What a server says before there is a session, and with it an SQLSTATE."""


def load_psycopg() -> Any:
    """Return the module.

    Raises:
        MissingExtraError: If it is not installed.
    """
    return connect.load_psycopg("Publishing into PostgreSQL", "format: postgres")


@contextlib.contextmanager
def session(address: Address, timeout_s: int) -> Iterator[psycopg.Connection[Any]]:
    """Open a session for the length of a `with`; what is not in a transaction is one of its own.

    Raises:
        PublishError: If the server refuses the user or the database, or is too old.
        StorageUnavailableError: If it cannot be reached.
    """
    with explained(address.place):
        made = connect.open_session(address, timeout_s, APPLICATION)
    try:
        if made.info.server_version < OLDEST:
            raise PublishError(
                f"This PostgreSQL is version {made.info.server_version // 10000}; 12 or newer is needed.",
                where=address.place,
                fix="use a newer server",
            )
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what psycopg raises into errors that say what to do.

    Raises:
        LakesmithError: The class says what to do about it.
    """
    psycopg = load_psycopg()
    try:
        yield
    except psycopg.Error as error:
        raise as_error(error, where) from error


def as_error(error: psycopg.Error, where: str) -> LakesmithError:
    """Return the error that says what to do about one of PostgreSQL's."""
    code = error.sqlstate or next((code for words, code in WORDS.items() if words in str(error)), "")
    if again := TRY_AGAIN.get(code):
        kind, what, fix = again
        return kind(what, where=where, fix=fix)
    if refused := REFUSED.get(code) or REFUSED.get(code[:2]):
        what, fix = refused
        return PublishError(what.format(**_named(error)), where=where, fix=fix)
    if is_lost(error):
        return StorageUnavailableError(
            "The database cannot be reached, or ended the session.",
            where=where,
            fix="check the `url:` of this publish entry and that the server runs, and run again",
        )
    return PublishError(
        f"PostgreSQL refused a statement: {type(error).__name__} ({code or 'no code'}).",
        where=where,
        fix="look at the named table; the server's own log has the statement",
    )


def is_lost(error: psycopg.Error) -> bool:
    """Whether the session is gone, or never was: what a server says of a statement has a code of its own."""
    psycopg = load_psycopg()
    unsaid = error.sqlstate is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return unsaid or (error.sqlstate or "")[:3] in ("08P", "080", "57P")


def _named(error: psycopg.Error) -> dict[str, str]:
    """Return the column and the constraint that a complaint is about; never the value, which stands in it too."""
    found = COLUMN.search(error.diag.context or "")
    column = error.diag.column_name or (found[1] if found else "")
    constraint = error.diag.constraint_name or "unnamed"
    return {"column": f" of {column}" if column else "", "constraint": constraint}
