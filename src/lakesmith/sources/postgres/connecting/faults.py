"""What PostgreSQL and its drivers say goes wrong, as errors a person can act on. Their own words stay out: they may hold values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lakesmith.errors import (
    ConnectorOptionsError,
    LakesmithError,
    RetriableError,
    SourceDataError,
    SourceMissingError,
)
from lakesmith.sources.postgres.connecting.drivers import raised_by_drivers
from lakesmith.sources.scene import Fault, Scene

LATER = "run the same command again: it reads what is there then"


PASSWORD = Fault(
    ConnectorOptionsError,
    "The server does not accept this user or this password.",
    "check user and password; in a `url:`, characters such as @ / : # % are written as %40 %2F %3A %23 %25",
)
NO_PASSWORD = Fault(
    ConnectorOptionsError,
    "The server asks for a password, and none was given.",
    "write `password: ${env:…}` or put it into `url:`",
)
REFUSED_USER = Fault(
    ConnectorOptionsError,
    "The server lets this user in from here neither with nor without a password.",
    "let the administrator add a line for this user, database and address to pg_hba.conf",
)
TLS_WANTED = Fault(
    ConnectorOptionsError,
    "The server takes encrypted connections only.",
    "write `sslmode: require`, or better `verify-full`",
)
NO_TLS = Fault(
    ConnectorOptionsError,
    "The server does not speak TLS, and `sslmode` asks for it.",
    "switch ssl on in postgresql.conf, read through a tunnel, or write `sslmode: prefer`",
)
CERTIFICATE = Fault(
    ConnectorOptionsError,
    "The certificate of the server, or of this client, does not prove what it should.",
    "name the authority's file in `sslrootcert:` (`system`: those this machine trusts), and the host as the certificate has it",
)
NO_VALUE = Fault(
    ConnectorOptionsError,
    "A parameter of the address has a value that it cannot have.",
    "correct what stands behind the ? of `url:`: PostgreSQL's manual lists the values under Parameter Key Words; or leave it out",
)
NOT_ASKED_FOR = Fault(
    ConnectorOptionsError,
    "The server is not of the kind that `target_session_attrs` of the address asks for.",
    "leave it out; a standby to read from is named in `replica:`",
)
NO_SETTING = Fault(
    ConnectorOptionsError,
    "`options` of the address sets what the server does not know, or does not let this user set.",
    "leave it out: a session that reads sets what it needs by itself",
)
NO_DATABASE = Fault(
    ConnectorOptionsError,
    "There is no such database on the server.",
    "correct `database:`; psql -l lists what there is",
)
NO_HOST = Fault(
    ConnectorOptionsError,
    "The name of the host leads to no address.",
    "correct `host:`, or the part of `url:` between @ and :; a password with an @ in it is written with %40",
)
UNREACHABLE = Fault(
    RetriableError,
    "Nobody answers at this host and port.",
    "check that the server runs, listens on this address, and that no firewall is in between; then run again",
)
TOO_MANY = Fault(
    RetriableError,
    "The server has no connection left to give.",
    "lower `connections:`, or raise max_connections there; then run again",
)
STARTING = Fault(
    RetriableError, "The server is starting up, shutting down or recovering.", f"wait until it is up, then {LATER}"
)
LOST = Fault(RetriableError, "The connection to the server was lost.", f"check that the server is up, then {LATER}")
RECOVERY = Fault(
    RetriableError,
    "The replica ended the read: it had to remove row versions that the read still needed.",
    f"{LATER}; if it happens often, set hot_standby_feedback = on or a longer max_standby_streaming_delay on the replica",
)
MEMORY = Fault(
    RetriableError,
    "The server has no memory left.",
    "lower `connections:`, or give the server more memory; then run again",
)
SERVER_DISK = Fault(RetriableError, "The disk of the server is full.", "free some space there, then run again")
LIMIT = Fault(RetriableError, "The server met a limit of its resources.", "look into its log, then run again")
TIMEOUT = Fault(
    RetriableError,
    "The server ended a statement: it took too long, or somebody cancelled it.",
    "raise `statement_timeout_s:`, then run again",
)
LOCKED = Fault(
    RetriableError,
    "A table stayed locked by somebody else, such as by a VACUUM FULL or an ALTER TABLE.",
    "wait until that is done, then run again",
)
DENIED = Fault(
    ConnectorOptionsError,
    "The user may not read this.",
    "let its owner run: grant select on … to …, and grant usage on its schema",
)
MISSING = Fault(
    SourceMissingError,
    "There is no such table or view.",
    "correct `table:` or `schema:`; `lakesmith check` lists what there is",
)
NO_COLUMN = Fault(
    ConnectorOptionsError,
    "There is no such column.",
    "correct `cursor:`, `select:`, `exclude:`, `split_by:` or `filter:` of the stream",
)
SYNTAX = Fault(
    ConnectorOptionsError,
    "The server does not understand the statement.",
    "correct `filter:` of the stream: a condition as after `where`",
)
WRITES = Fault(
    ConnectorOptionsError,
    "A view or the `filter:` wants to write, and sessions that read may not.",
    "read a view that changes nothing, or the tables behind it",
)
VALUES = Fault(
    SourceDataError,
    "The server failed over the values of a row.",
    "look into the server's log: an expression of a view, of a generated column or of `filter:` does not hold for all rows",
)
TEXT = Fault(
    SourceDataError,
    "The server has a text that cannot be written as UTF-8.",
    "look into the server's log for the row, and correct it there",
)
BROKEN = Fault(
    SourceDataError,
    "The server found its own data, or itself, broken.",
    "look into the server's log; a person has to look at this table before it can be read",
)
UNFILLED = Fault(
    SourceDataError,
    "A materialized view holds nothing yet, or something else is not ready to be read.",
    "let its owner run: refresh materialized view …",
)
UNSUPPORTED = Fault(
    ConnectorOptionsError,
    "The server cannot do this.",
    "look into the server's log for what it did not support; a replica has no rows of unlogged tables",
)
OTHER = Fault(
    SourceDataError,
    "The server refused a statement.",
    "look into the server's log at this time; the sessions are called lakesmith",
)
REFUSED = Fault(
    ConnectorOptionsError,
    "The server refused the session.",
    "look into the server's log at this time: its answer is in no language we know",
)

BY_STATE = {
    "28P01": PASSWORD,
    "28": REFUSED_USER,
    "3D": NO_DATABASE,
    "53300": TOO_MANY,
    "53200": MEMORY,
    "53100": SERVER_DISK,
    "53": LIMIT,
    "54": LIMIT,
    "57014": TIMEOUT,
    "57P03": STARTING,
    "57": LOST,
    "08": LOST,
    "40": RECOVERY,
    "25006": WRITES,
    "25P03": LOST,
    "25P04": LOST,
    "55P03": LOCKED,
    "55000": UNFILLED,
    "42501": DENIED,
    "42P01": MISSING,
    "3F": MISSING,
    "42703": NO_COLUMN,
    "22021": TEXT,
    "22P05": TEXT,
    "22": VALUES,
    "23": VALUES,
    "42": SYNTAX,
    "0A": UNSUPPORTED,
    "58": BROKEN,
    "XX": BROKEN,
}
"""Faults by SQLSTATE, or by as much of its beginning as says enough; the longest one counts."""

BY_TEXT = (
    (r'invalid "?\w+"? value: |invalid integer value ".*" for|bad value for connect_timeout|weak sslmode', NO_VALUE),
    (r"session is (not )?read-only|server is (not )?in hot standby", NOT_ASKED_FOR),
    (
        r"FATAL:\s+(unrecognized configuration|invalid value for|permission denied to set|cannot set) parameter",
        NO_SETTING,
    ),
    (r"invalid command-line argument|unsupported startup parameter|parameter .* cannot be (set|changed)", NO_SETTING),
    (r"no password supplied", NO_PASSWORD),
    (r"certificate|root\.crt|SSL error|private key", CERTIFICATE),
    (r"does not support SSL, but SSL was required", NO_TLS),
    (r"password authentication failed|role \".*\" does not exist|SASL authentication failed", PASSWORD),
    (r"database \".*\" does not exist|no such database", NO_DATABASE),
    # only now: with `sslmode: prefer` what a server answers without TLS stands behind its true answer
    (
        r"no encryption|SSL off|SSL (connection )?(is )?required|requires SSL|connection is insecure|must use SSL",
        TLS_WANTED,
    ),
    (r"pg_hba\.conf|authentication failed|not permitted to log in", REFUSED_USER),
    (r"permission denied", DENIED),
    (r"failed to resolve host|could not translate host name|Name or service not known|nodename nor servname", NO_HOST),
    (
        r"too many (clients|connections)|remaining connection slots|connection limit exceeded|no more connections",
        TOO_MANY,
    ),
    (r"starting up|shutting down|not yet accepting|not accepting connections|in recovery mode", STARTING),
    (r"conflict with recovery", RECOVERY),
    (r"statement timeout|user request", TIMEOUT),
    (r"lock timeout|could not obtain lock", LOCKED),
    (
        r"Connection refused|timeout expired|timed out|No route to host|unreachable|No such file or directory",
        UNREACHABLE,
    ),
    (
        r"administrator command|because of crash|closed the connection|no connection to the server|Connection reset|Broken pipe",
        LOST,
    ),
    (
        r"could not receive data|could not send data|connection (to server )?(was|has been|is) (lost|closed)|SSL SYSCALL|EOF detected",
        LOST,
    ),
    (r"query_wait_timeout|server_login_retry|server conn crashed|pgbouncer", LOST),
    (r"out of memory|Cannot enlarge|could not resize shared memory", MEMORY),
    (r"No space left", SERVER_DISK),
    (r"division by zero|invalid input syntax|out of range|overflow", VALUES),
    (r"invalid byte sequence|has no equivalent in encoding", TEXT),
    (r"could not read block|invalid page|missing chunk number|compressed .* data is corrupt", BROKEN),
)
"""Faults by words, for what comes without an SQLSTATE: all before a session begins, and what breaks off a COPY by ADBC."""

STARTED = re.compile(r"connection to server .* failed:", re.DOTALL)


def state_of(error: BaseException) -> str:
    """Return the SQLSTATE of what a driver raised, empty without one."""
    return getattr(error, "sqlstate", None) or ""


def fault_of(error: BaseException) -> Fault:
    """Return which kind of failure it is that a driver raised."""
    state = state_of(error)
    if state:
        return next((BY_STATE[state[:size]] for size in (5, 2) if state[:size] in BY_STATE), OTHER)
    text = str(error)
    found = next((fault for pattern, fault in BY_TEXT if re.search(pattern, text, re.IGNORECASE)), None)
    return found or (REFUSED if STARTED.search(text) else OTHER)


def explain(error: BaseException, scene: Scene) -> LakesmithError:
    """Return the error a person can act on for what a driver raised."""
    state = state_of(error)
    return fault_of(error).at(scene, f"SQLSTATE {state}" if state else "")


@contextmanager
def driver_errors(scene: Scene) -> Iterator[None]:
    """Turn what psycopg and ADBC raise, also in the middle of reading, into errors a person can act on.

    Raises:
        LakesmithError: The one that `explain` gives.
    """
    try:
        yield
    except raised_by_drivers() as error:
        if isinstance(error, OSError) and "[libpq]" not in str(error):
            raise  # a file of this machine, not the server
        raise explain(error, scene) from error
