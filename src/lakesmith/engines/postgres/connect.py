"""Connections to the target's database, and PostgreSQL's complaints as errors a person can act on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakesmith.engines.postgres.address import Address
from lakesmith.errors import (
    ConfigError,
    LakesmithError,
    MissingExtraError,
    RetriableError,
    RunInProgressError,
    StorageFullError,
    StorageUnavailableError,
    TransformError,
)

if TYPE_CHECKING:
    import psycopg

EXTRA = "pip install 'lakesmith[postgres]'"
APPLICATION = "lakesmith"
SETTINGS = "-c timezone=UTC -c datestyle=ISO -c jit=off -c client_min_messages=warning"
"""Of every session, dbt's too: texts of times must not depend on the server, and compiling long expressions takes longer than they do."""
ENCODING = "UTF8"
"""Of what is sent and received, whatever the database is made for: rows of COPY are UTF-8."""
ALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}
OLDEST = 160000
"""Before, a subquery had to have a name, and no function could tell whether a text is a value of a type."""


def load_psycopg(what: str = "A target on PostgreSQL", where: str = "engine: postgres") -> Any:
    """Return the module, for `what` the project asks for at `where`.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError(f"{what} needs psycopg, which is not installed.", where=where, fix=EXTRA) from error
    return psycopg


def connect(address: Address, timeout_s: int) -> psycopg.Connection[Any]:
    """Return a session in which every statement is its own transaction; the caller closes it.

    Raises:
        MissingExtraError: If psycopg is not installed.
        ConfigError: If the server refuses the user or the database, or is too old.
        StorageUnavailableError: If it cannot be reached.
    """
    with explained(address.place):
        made = open_session(address, timeout_s)
    version = made.info.server_version
    if version < OLDEST:
        made.close()
        raise ConfigError(
            f"This PostgreSQL is version {version // 10000}; the engine needs {OLDEST // 10000} or newer.",
            where=address.place,
            fix="use a newer server as the warehouse; as a source older ones do",
        )
    return made


def open_session(address: Address, timeout_s: int, application: str = APPLICATION) -> psycopg.Connection[Any]:
    """Return a session as everybody who writes to PostgreSQL has it; what goes wrong is psycopg's own error.

    Raises:
        MissingExtraError: If psycopg is not installed.
    """
    made: psycopg.Connection[Any] = load_psycopg().connect(
        address.url,
        autocommit=True,
        prepare_threshold=None,
        application_name=application,
        connect_timeout=timeout_s,
        client_encoding=ENCODING,
        options=settings_of(address),
        **ALIVE,
    )
    return made


def settings_of(address: Address) -> str:
    """Return what a session is told when it begins: ours, and what the URL itself says in `options`."""
    return " ".join(filter(None, (dict(address.options).get("options"), SETTINGS)))


@contextlib.contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what psycopg raises into errors without any row's value.

    Raises:
        LakesmithError: The class says what to do about it.
    """
    psycopg = load_psycopg()
    try:
        yield
    except psycopg.Error as error:
        raise as_error(error, where) from error


KINDS: dict[str, tuple[type[LakesmithError], str, str]] = {
    "53100": (
        StorageFullError,
        "The disk of the database is full; nothing became visible.",
        "free some space and run again",
    ),
    "53300": (
        StorageUnavailableError,
        "The database has no connection left.",
        "raise max_connections, or wait and run again",
    ),
    "55P03": (
        RunInProgressError,
        "Somebody holds a table that has to be changed.",
        "run again when it is free; `pg_stat_activity` says who holds it",
    ),
    "57014": (
        RetriableError,
        "The server cancelled the statement.",
        "raise its statement_timeout for this user, or run again",
    ),
    "40P01": (RetriableError, "Two sessions waited for each other.", "run again"),
    "42501": (
        ConfigError,
        "The user may not do this in the database.",
        "`lakesmith grants` prints the rights that are needed",
    ),
    "28P01": (ConfigError, "The database refuses the user or the password.", "correct the target's `url:`"),
    "3D000": (ConfigError, "There is no such database.", "create it, or correct the target's `url:`"),
    "42P01": (TransformError, "A relation is missing.", "build the models again: `lakesmith run --full-refresh`"),
    "3F000": (TransformError, "A schema is missing.", "build the models again: `lakesmith run --full-refresh`"),
}
REFUSALS = {"authentication failed": "28P01", "no password supplied": "28P01", "does not exist": "3D000"}
"""What a server says before there is a session, and with it an SQLSTATE."""


def as_error(error: psycopg.Error, where: str) -> LakesmithError:
    """Return the error that says what to do about one of PostgreSQL's."""
    psycopg = load_psycopg()
    code = error.sqlstate or next((code for words, code in REFUSALS.items() if words in str(error)), "")
    if known := KINDS.get(code):
        kind, what, fix = known
        return kind(what, where=where, fix=fix)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StorageUnavailableError(
            "The database cannot be reached, or ended the session.",
            where=where,
            fix="check the target's `url:` and that the server runs, and run again: what was not committed is not there",
        )
    return TransformError(
        f"PostgreSQL refused a statement: {type(error).__name__} ({code or 'no code'}).",
        where=where,
        fix="look at the named relation; the server's own log has the statement",
    )
