"""DuckDB connections that reach nothing outside the machine, and DuckDB's complaints as errors a person can act on."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.engines.duckdb.options import DuckDBOptions
from lakesmith.errors import BuildFileBusyError, ConfigError, StorageFullError, StorageUnavailableError
from lakesmith.host.files import storage_errors

if TYPE_CHECKING:
    import duckdb

OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
MEMORY = ":memory:"


def settings(options: DuckDBOptions) -> dict[str, str]:
    """Return DuckDB's own settings for `options`; only what is not its default."""
    wanted = {"threads": options.threads, "memory_limit": options.memory_limit}
    return OFFLINE | {key: str(value) for key, value in wanted.items() if value is not None}


@contextlib.contextmanager
def connected(
    path: Path | None, options: DuckDBOptions, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file for the length of a `with`; its times are UTC.

    Args:
        path: The file; None: a database in memory.
        options: The target's settings.
        read_only: Whether other readers may have it open too.

    Raises:
        BuildFileBusyError: If another program has the file open.
        StorageUnavailableError: If it cannot be opened.
    """
    connection = open_file(path, options, read_only=read_only)
    try:
        yield connection
    finally:
        connection.close()


def open_file(path: Path | None, options: DuckDBOptions, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection that the caller closes; arguments and errors as in `connected`."""
    import duckdb

    try:
        connection = duckdb.connect(str(path or MEMORY), read_only=read_only, config=dict(settings(options)))
    except (duckdb.IOException, duckdb.ConnectionException, duckdb.BinderException) as error:
        raise _refused(path, str(error)) from error
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn complaints of DuckDB and of the operating system about room below `path` into errors a person can act on.

    Raises:
        ConfigError: If the memory limit is too small for the work.
        StorageFullError: If the disk is full.
        StorageUnavailableError: If a file cannot be read or written.
    """
    import duckdb

    try:
        with storage_errors(path):
            yield
    except duckdb.OutOfMemoryException as error:
        raise ConfigError(
            "DuckDB needs more memory than it may take.",
            where=str(path),
            fix="raise `memory_limit` of the target, lower its `threads`, or free disk space for what is spilled",
        ) from error
    except duckdb.IOException as error:
        if re.search(r"no space left|disk full", str(error), re.IGNORECASE):
            raise StorageFullError(
                "The disk is full; nothing became visible.",
                where=str(path),
                fix="free some space and run the same command again",
            ) from error
        raise StorageUnavailableError(
            f"DuckDB cannot read or write a file: {first_line(error)}",
            where=str(path),
            fix="check that the path exists and that this user may read and write it",
        ) from error


def first_line(error: Exception) -> str:
    """Return the first line of DuckDB's text, without the kind of error in front."""
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", str(error).split("\n", 1)[0])


def _refused(path: Path | None, complaint: str) -> BuildFileBusyError | StorageUnavailableError | ConfigError:
    if holder := re.search(r"Conflicting lock is held in (.*?)\s*\(PID (\d+)\)", complaint):
        who = f"by `{Path(holder[1]).name}`, process {holder[2]}"
    elif (
        "lock" in complaint.lower() or "different configuration" in complaint or "used by another process" in complaint
    ):
        who = "by this program or another one"
    else:
        return StorageUnavailableError(
            f"The DuckDB file cannot be opened: {complaint.splitlines()[0]}",
            where=str(path),
            fix="check the path; if the file is damaged, remove it and run again: all in it can be built from bronze",
        )
    return BuildFileBusyError(
        f"The build file is held open {who}; DuckDB lets only one program in.",
        where=str(path),
        fix="close it there and run the same command again; to look at data, open warehouse/ instead: it can never be in the way",
    )
