"""What every session is set to, so that the same rows come out as the same text everywhere and nobody hangs for ever."""

from __future__ import annotations

from dataclasses import dataclass

APPLICATION = "lakesmith"

KEEPALIVES = {"keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""A server that is gone is noticed within a minute, not after TCP's two hours."""

CONNECT = {**KEEPALIVES, "tcp_user_timeout": "30000", "application_name": APPLICATION}
"""What a connection begins with, where the address does not say otherwise."""

FIXED = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",  # a snapshot can be imported into no other
    "idle_in_transaction_session_timeout": "0",  # the session that holds the snapshot is idle for as long as a load takes
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",  # the shortest text that is the same number
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "synchronize_seqscans": "off",  # a scan starts at the first block, so that reading twice gives the same order
    "max_parallel_workers_per_gather": "0",  # likewise; parallel are the splits
    "jit": "off",  # compiling costs more than a split of a scan has to gain
}
"""Settings by name. Those that a server is too old to know are left out by `SET_UP`."""

SET_UP = (
    "select pg_catalog.set_config(name, value, false) "
    "from (values {pairs}, ('search_path', {path})) as wanted (name, value) "
    "where exists (select from pg_catalog.pg_settings as known "
    "where pg_catalog.lower(known.name) = pg_catalog.lower(wanted.name))"
)
"""One statement, so that it is one round trip; not `options` at the start, which poolers refuse."""

PATH = (
    "(select case when pg_catalog.starts_with(own, 'pg_catalog') then own "
    "else pg_catalog.concat_ws(', ', 'pg_catalog', nullif(own, '')) end "
    "from pg_catalog.current_setting('search_path') as role (own))"
)
"""The server's own names before all others, so that nobody's `pg_class` stands in for its. The role's own path stays behind: a `filter:`
may need operators that live there, such as those of citext."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Limits of a session in seconds; None: the server waits without end. Waiting for a lock is what a VACUUM FULL causes."""

    connect_timeout_s: int = 10
    statement_timeout_s: int | None = None
    lock_timeout_s: int | None = 120

    def values(self) -> dict[str, str]:
        """Return every setting by its name."""
        return {
            **FIXED,
            "statement_timeout": _limit(self.statement_timeout_s),
            "lock_timeout": _limit(self.lock_timeout_s),
        }

    def statement(self) -> str:
        """Return the SQL that sets a session up. All of it is ours or a number: nothing needs to be escaped."""
        pairs = ", ".join(f"('{name}', '{value}')" for name, value in self.values().items())
        return SET_UP.format(pairs=pairs, path=PATH)


def _limit(seconds: int | None) -> str:
    return f"{seconds or 0}s"
